import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer } from 'ws';
import { rig, until } from './harness.test.ts';

// A self-signed certificate for app.example.test, good for these tests and nothing else.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg428qIU1BP6XTMrOk
OM4TloJ/7K5wbicZcgob66SXcDKhRANCAATSvDUZhu/MSKQHHXzjQEjvofjAjwKp
Eh0JFmkb6ftOUprT+nsXU3hklxBFlysBZAbBR4P2sdOxfe9bMHvyCsK2
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBqjCCAVCgAwIBAgIUfiXHQzfGv30qFOXH35zIfxWrEnIwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQYXBwLmV4YW1wbGUudGVzdDAgFw0yNjExMjQxMDA0MTJaGA8y
MTI2MTAzMTEwMDQxMlowGzEZMBcGA1UEAwwQYXBwLmV4YW1wbGUudGVzdDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABNK8NRmG78xIpAcdfONASO+h+MCPAqkSHQkW
aRvp+05SmtP6exdTeGSXEEWXKwFkBsFHg/ax07F971swe/IKwrajcDBuMB0GA1Ud
DgQWBBQQXUEfPepWR8Z/x+Op7Ek2gxvrjzAfBgNVHSMEGDAWgBQQXUEfPepWR8Z/
x+Op7Ek2gxvrjzAbBgNVHREEFDASghBhcHAuZXhhbXBsZS50ZXN0MA8GA1UdEwEB
/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANV64CDUzWvch0q18WfmW95WwG78
tEdw+P113k8NjSbeAiB7cmgo4KWx8w2j5aqpXzAU8RLrFQBp8OPqVOvnI9mQ6Q==
-----END CERTIFICATE-----`;

async function application(t: TestContext): Promise<number> {
  const server = createServer({ key, cert }, (_request, response) => response.writeHead(204).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const resolve = (_name: string, done: (error: null, found: LookupAddress[]) => void): void =>
  done(null, [{ address: '127.0.0.1', family: 4 }]);

test('https: the checked address is dialled, and the certificate must be for the name', async (t) => {
  const port = await application(t);
  const { link } = rig(t, undefined, { resolve, ca: cert });
  assert.equal((await link.request(`https://app.example.test:${port}/`, 'verb:hook', {})).ok, true);
  const other = await link.request(`https://other.example.test:${port}/`, 'verb:hook', {});
  assert.equal(other.ok ? '' : other.kind, 'connection');
  assert.match(other.ok ? '' : other.message, /other\.example\.test/);
});

test('https: a certificate nobody vouches for is refused', async (t) => {
  const port = await application(t);
  const { link, alerts } = rig(t, undefined, { resolve });
  const answer = await link.request(`https://app.example.test:${port}/`, 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'connection');
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['webhook-connection-failure'],
  );
});

test('https: a private address is refused before a handshake', async (t) => {
  const port = await application(t);
  const { link } = rig(t, undefined, { resolve, ca: cert, allowPrivateAddresses: false });
  const answer = await link.request(`https://app.example.test:${port}/`, 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'address-refused');
});

async function wsApplication(t: TestContext): Promise<number> {
  const server = createServer({ key, cert });
  const wss = new WebSocketServer({ server });
  wss.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const { msgid } = JSON.parse(data.toString()) as { msgid: string };
      socket.send(JSON.stringify({ type: 'ack', msgid }));
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of wss.clients) socket.terminate();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

for (const [title, name, options, taken] of [
  ['a wss application whose certificate is vouched for is spoken to', 'app.example.test', { ca: cert }, true],
  ['a wss application nobody vouches for is refused', 'app.example.test', {}, false],
  ['a wss application with the certificate of another name is refused', 'other.example.test', { ca: cert }, false],
] as const)
  test(title, async (t) => {
    const port = await wsApplication(t);
    const { hooks, link } = rig(t, undefined, { resolve, ...options });
    const answer = await link.request(`wss://${name}:${port}/`, 'session:new', {});
    assert.equal(answer.ok ? 'taken' : answer.kind, taken ? 'taken' : 'connection');
    link.close();
    await until(() => hooks.pending() === 0);
  });
