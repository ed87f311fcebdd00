/** TLS, WS and WSS on real sockets, with the certificates of testdata/. */
import assert from 'node:assert/strict';
import { connect as connectPlain, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { silentLog } from '../../base/index.ts';
import { createResponse, serialize } from '../message/index.ts';
import { Certificates } from './certificates.ts';
import { Harness, options, TcpPeer, until } from './harness.test.ts';
import type { TransportOptions } from './layer.ts';

const file = (name: string): string => new URL(`testdata/${name}.pem`, import.meta.url).pathname;
const ca = readFileSync(file('ca'), 'utf8');
const request = (transport: string, callId = 'c1'): string =>
  options({ via: `SIP/2.0/${transport} phone.invalid;branch=z9hG4bK1`, callId });

async function secured(t: TestContext, more: Partial<TransportOptions> = {}): Promise<Harness> {
  const h = new Harness(t, more, {}, (clock) =>
    Certificates.load(
      {
        cert: file('server'),
        key: file('server.key'),
        ca: file('ca'),
        domains: [{ name: 'other.example.test', cert: file('domain'), key: file('domain.key') }],
      },
      { clock, log: silentLog },
    ),
  );
  await h.ready;
  return h;
}

function over(t: TestContext, port: number, change: ConnectionOptions = {}): Promise<TcpPeer> {
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'sip.example.test', ...change });
  const peer = new TcpPeer(t, socket as Socket);
  return new Promise((resolve, reject) => socket.once('secureConnect', () => resolve(peer)).once('error', reject));
}

test('a request over TLS is heard, and answered down the same connection', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('tls');
  const peer = await over(t, port);
  peer.socket.write(request('TLS'));
  const { message, source } = await h.got(1);
  assert.equal(source.transport, 'tls');
  assert.ok(message.kind === 'request');
  h.layer.reply(serialize(createResponse(message, 200)), source);
  await peer.got(/^SIP\/2.0 200 OK/);
});

for (const transport of ['ws', 'wss'] as const) {
  test(`RFC 7118 a request over ${transport} is heard, answered over the same socket, and so are pings of both kinds`, async (t) => {
    const h = await secured(t);
    const { port } = await h.listen(transport);
    const socket = await webSocket(t, transport, port);
    const texts: string[] = [];
    let pongs = 0;
    socket.on('message', (data: Buffer) => texts.push(data.toString()));
    socket.on('pong', () => pongs++);
    socket.ping('here?');
    socket.send('\r\n\r\n');
    await until(() => pongs === 1 && texts.length === 1);
    assert.deepEqual(texts, ['\r\n']);
    socket.send(request(transport.toUpperCase()).replace(/Content-Length.*\r\n/, ''));
    const { message, source } = await h.got(1);
    assert.equal(source.transport, transport);
    assert.ok(message.kind === 'request');
    h.layer.reply(serialize(createResponse(message, 200)), source);
    await until(() => texts.length === 2);
    assert.match(texts[1] ?? '', /^SIP\/2.0 200 OK/);
  });
}

function webSocket(
  t: TestContext,
  transport: 'ws' | 'wss',
  port: number,
  { protocols = ['sip'], origin }: { protocols?: string[]; origin?: string } = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`${transport}://127.0.0.1:${port}/`, protocols, {
    ca,
    ...(origin === undefined ? {} : { origin }),
  });
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => socket.once('open', () => resolve(socket)).once('error', reject));
}
