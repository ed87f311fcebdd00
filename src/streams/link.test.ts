// A connection to a listener: pinged, and given up when nothing answers; tried again later and later.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { FakeClock } from '../base/index.ts';
import type { StreamPlace } from '../ports/index.ts';
import { Journal } from '../testing/index.ts';
import { Listener, placeOf } from './kit.test.ts';
import { Link } from './link.ts';

type Told = { what: 'opened' | 'interrupted' | 'over'; why: string; ms: number };

function open(place: StreamPlace): { clock: FakeClock; link: Link; told: Journal<Told> } {
  const clock = new FakeClock();
  const told = new Journal<Told>();
  const link = new Link({
    clock,
    stream: 's1',
    place,
    opened: (connection) => told.add({ what: 'opened', why: '', ms: connection }),
    interrupted: (why, ms) => told.add({ what: 'interrupted', why, ms }),
    message: () => {},
    over: ({ end, why }) => told.add({ what: 'over', why: `${end} ${why}`, ms: 0 }),
  });
  return { clock, link, told };
}

// A self-signed certificate, good for these tests and nothing else.
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

describe('the link to a listener', () => {
  it('is given up when a ping is not answered, and made again', async () => {
    const listener = await Listener.start({ autoPong: false });
    const { clock, link, told } = open(listener.place);
    const socket = await listener.socket();
    const pinged = new Promise<void>((resolve) => void socket.on('ping', () => resolve()));
    await told.until(({ what }) => what === 'opened', { what: 'the connection' });
    clock.advance(15_000);
    await pinged;
    assert.equal(told.entries.length, 1);
    clock.advance(15_000);
    const { why, ms } = await told.until(({ what }) => what === 'interrupted', { what: 'the interruption' });
    assert.deepEqual([why, ms], ['the connection was lost', 250]);
    clock.advance(250);
    await told.until((each) => each.what === 'opened' && each.ms === 2, { what: 'the second connection' });
    link.close(1000, '');
    await listener.closes.until((code) => code === 1000, { what: 'a close' });
    await listener.close();
  });

  it('lives on while pings are answered', async () => {
    const listener = await Listener.start();
    const { clock, link, told } = open(listener.place);
    const socket = await listener.socket();
    const pings = new Journal<number>();
    socket.on('ping', () => pings.add(1));
    await told.until(({ what }) => what === 'opened', { what: 'the connection' });
    for (let n = 1; n <= 4; n++) {
      clock.advance(15_000);
      await pings.until(() => pings.entries.length === n, { what: `ping ${n}` });
      // The pong is there when an echo that was sent after it is.
      await new Promise<void>((resolve) => {
        socket.once('pong', () => resolve());
        socket.ping();
      });
    }
    assert.equal(told.entries.length, 1);
    link.close(1000, '');
    await listener.closes.until((code) => code === 1000, { what: 'a close' });
    assert.deepEqual(
      clock.pending().filter((label) => !label.includes('goodbye')),
      [],
    );
    await listener.close();
  });

  it('leaves no timer behind when it is closed between two tries', async () => {
    const listener = await Listener.start();
    const { clock, link, told } = open(listener.place);
    (await listener.socket()).terminate();
    await told.until(({ what }) => what === 'interrupted', { what: 'the interruption' });
    link.close(1000, '');
    assert.deepEqual(clock.pending(), []);
    await listener.close();
  });

  it('over TLS asks for the name in the URL, and refuses a certificate nobody vouches for', async () => {
    const names: string[] = [];
    const SNICallback = (name: string, done: (fault: null) => void): void => {
      names.push(name);
      done(null);
    };
    const server = https.createServer({ key, cert, SNICallback });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { told } = open(placeOf(port, { url: `wss://app.example.test:${port}/` }));
    const { why } = await told.until(({ what }) => what === 'over', { what: 'the end' });
    assert.equal(why, 'refused DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.deepEqual(names, ['app.example.test']);
    await new Promise((resolve) => server.close(resolve));
  });
});
