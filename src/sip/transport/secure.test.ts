/** TLS, WS and WSS on real sockets, with the certificates of testdata/. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, type ConnectionOptions, createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { FakeClock, silentLog } from '../../base/index.ts';
import { createResponse, serialize } from '../message/index.ts';
import { type CertificateFiles, Certificates } from './certificates.ts';
import type { GuardOptions } from './guard.ts';
import { Faults, Harness, options, TcpPeer, UdpPeer, until } from './harness.test.ts';
import type { TransportOptions } from './layer.ts';

const file = (name: string): string => new URL(`testdata/${name}.pem`, import.meta.url).pathname;
const ca = readFileSync(file('ca'), 'utf8');
const request = (transport: string, callId = 'c1'): string =>
  options({ via: `SIP/2.0/${transport} phone.invalid;branch=z9hG4bK1`, callId });

async function secured(
  t: TestContext,
  more: Partial<TransportOptions> = {},
  files: Partial<CertificateFiles> = {},
  guard: Partial<GuardOptions> = {},
): Promise<Harness> {
  const h = new Harness(t, more, guard, (clock) =>
    Certificates.load(
      {
        cert: file('server'),
        key: file('server.key'),
        ca: file('ca'),
        domains: [{ name: 'other.example.test', cert: file('domain'), key: file('domain.key') }],
        ...files,
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

function peerName(peer: TcpPeer): string {
  return (peer.socket as TLSSocket).getPeerCertificate().subject.CN as string;
}

test('a client is shown the certificate of the domain it asks for, else the usual one', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('tls');
  assert.equal(peerName(await over(t, port)), 'sip.example.test');
  assert.equal(peerName(await over(t, port, { servername: 'OTHER.example.test' })), 'other.example.test');
  const unknown = await over(t, port, { servername: 'nowhere.test', checkServerIdentity: () => undefined });
  assert.equal(peerName(unknown), 'sip.example.test');
});

test('RFC 8996 TLS 1.1 is refused', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('tls');
  await assert.rejects(over(t, port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), {
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
  assert.equal(h.taken.length, 0);
});

test('new certificates are shown from the next connection on, and connections that stand go on', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'graine-certificates-'));
  t.after(() => rm(folder, { recursive: true }));
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const put = async (name: string): Promise<void> => {
    await copyFile(file(`${name}.key`), key);
    await copyFile(file(name), cert);
  };
  await put('server');
  const h = await secured(t, {}, { cert, key });
  const { port } = await h.listen('tls');
  const old = await over(t, port);
  const serial = (peer: TcpPeer): string => (peer.socket as TLSSocket).getPeerCertificate().serialNumber;
  // Half of a new pair is no pair: the old one stays.
  await copyFile(file('renewed.key'), key);
  await h.certificates?.refresh();
  assert.equal(serial(await over(t, port)), serial(old));
  await put('renewed');
  h.clock.advance(5000);
  await h.certificates?.refresh();
  assert.notEqual(serial(await over(t, port)), serial(old));
  old.socket.write(request('TLS', 'old'));
  assert.equal((await h.got(1)).message.callId, 'old');
});

test('a certificate without its key stops the start and is named', async () => {
  const files = { cert: file('server'), key: file('client.key') };
  await assert.rejects(Certificates.load(files, { clock: new FakeClock(), log: silentLog }), {
    code: 'sip-certificate',
    message: /server\.pem/,
  });
});

/** A TLS peer that we connect to. */
async function tlsServer(
  t: TestContext,
  name: string,
  more: TlsOptions = {},
): Promise<{ port: number; peers: TcpPeer[] }> {
  const peers: TcpPeer[] = [];
  const cert = readFileSync(file(name));
  const key = readFileSync(file(`${name}.key`));
  const server = createServer({ cert, key, ...more }, (socket) => peers.push(new TcpPeer(t, socket as Socket)));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, peers };
}

test('RFC 5922 §4 a request leaves only to a peer that proves the name of its URI', async (t) => {
  const h = await secured(t);
  const [good, other, strange] = await Promise.all([
    tlsServer(t, 'server'),
    tlsServer(t, 'domain'),
    tlsServer(t, 'strange'),
  ]);
  const send = (port: number, host?: string): Faults => {
    const faults = new Faults();
    h.layer.send(
      Buffer.from(request('TLS')),
      { transport: 'tls', address: '127.0.0.1', port, ...(host && { host }) },
      faults,
    );
    return faults;
  };
  const named = send(good.port, 'sip.example.test');
  const numbered = send(good.port);
  await until(() => good.peers.length === 2);
  await Promise.all(good.peers.map((peer) => peer.got(/OPTIONS/)));
  assert.equal(named.count + numbered.count, 0);
  await send(good.port, 'bank.example.test').first();
  await send(other.port).first();
  await send(strange.port, 'sip.example.test').first();
  // In TLS 1.3 a server takes the handshake for done before the client has looked: nothing may have been said.
  const refused = [...good.peers.slice(2), ...other.peers, ...strange.peers];
  await Promise.all(refused.map((peer) => peer.closed));
  assert.ok(refused.every((peer) => peer.text === ''));
});

test('mutual TLS: a carrier is shown the certificate it wants, and one whose own is unchecked is believed', async (t) => {
  const ports = { mutual: 0, unchecked: 0 };
  const h = await secured(t, {
    tlsPeer: ({ port }) =>
      port === ports.mutual
        ? { clientCert: file('client'), clientKey: file('client.key') }
        : { verify: port !== ports.unchecked },
  });
  const mutual = await tlsServer(t, 'server', { requestCert: true, rejectUnauthorized: true, ca });
  const unchecked = await tlsServer(t, 'strange');
  ports.mutual = mutual.port;
  ports.unchecked = unchecked.port;
  for (const { port, peers } of [mutual, unchecked]) {
    h.layer.send(Buffer.from(request('TLS')), { transport: 'tls', address: '127.0.0.1', port });
    await until(() => peers.length === 1);
    await peers[0]?.got(/OPTIONS/);
  }
  assert.equal(peerName(mutual.peers[0]!), 'carrier.example.test');
});

test('a peer’s files that cannot be read fail the request, not the server', async (t) => {
  const h = await secured(t, { tlsPeer: () => ({ ca: file('nowhere') }) });
  const faults = new Faults();
  h.layer.send(Buffer.from(request('TLS')), { transport: 'tls', address: '127.0.0.1', port: 5061 }, faults);
  await faults.first();
});

for (const transport of ['ws', 'wss'] as const) {
  test(`a request of ours goes over ${transport} to a server of that kind`, async (t) => {
    const [near, far] = [await secured(t), await secured(t)];
    const { port } = await far.listen(transport);
    near.layer.send(Buffer.from(request(transport.toUpperCase())), { transport, address: '127.0.0.1', port });
    const { message, source } = await far.got(1);
    assert.ok(message.kind === 'request');
    far.layer.reply(serialize(createResponse(message, 200)), source);
    assert.equal((await near.got(1)).message.kind, 'response');
  });
}

const strays: Array<[what: string, transport: 'tcp' | 'tls' | 'ws' | 'wss', bytes: string | Buffer]> = [
  ['SIP in the clear on the TLS port', 'tls', request('TCP')],
  ['SIP in the clear on the WSS port', 'wss', request('TCP')],
  ['HTTP on the TLS port', 'tls', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['SIP on the WebSocket port', 'ws', request('TCP')],
  ['HTTP that wants no WebSocket', 'ws', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  [
    'an upgrade without a key',
    'ws',
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n',
  ],
  ['an upgrade to something else', 'ws', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  ['an endless HTTP header', 'ws', `GET / HTTP/1.1\r\nX: ${'a'.repeat(70_000)}`],
  ['random bytes on the TLS port', 'tls', Buffer.from('00ff16030100050100000103', 'hex')],
  ['a ClientHello on the WebSocket port', 'ws', Buffer.from('16030100050100000103', 'hex')],
];
for (const [what, transport, bytes] of strays) {
  test(`${what}: counted against its source, closed, and nobody else is`, async (t) => {
    const h = await secured(t);
    const { port } = await h.listen(transport);
    const good = transport === 'tls' ? await over(t, port) : undefined;
    const stray = await TcpPeer.connect(t, port);
    stray.socket.write(bytes);
    await stray.closed;
    await until(() => h.guard.score('127.0.0.1') > 0);
    assert.equal(h.layer.streams().faulty[transport], 1);
    if (good === undefined) return;
    good.socket.write(request('TLS', 'good'));
    assert.equal((await h.got(1)).message.callId, 'good');
  });
}

test('who speaks HTTP to the WebSocket port is told what it wants', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('wss');
  const peer = await over(t, port);
  peer.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await peer.closed;
  assert.match(peer.text, /^HTTP\/1.1 426 [^]*Upgrade: websocket/);
});

test('a ClientHello in a datagram is counted as malformed, and the port goes on', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(Buffer.from('16030100050100000103'.repeat(10), 'hex'), port);
  await until(() => h.guard.score('127.0.0.1') > 0);
  await peer.send(request('UDP', 'good'), port);
  assert.equal((await h.got(1)).message.callId, 'good');
});

test('a source that goes on so is banned, and then not even accepted', async (t) => {
  const h = await secured(t, {}, {}, { threshold: 20 });
  const { port } = await h.listen('tls');
  while (!h.guard.banned('127.0.0.1')) {
    const stray = await TcpPeer.connect(t, port);
    stray.socket.write('hello, is this TLS?\r\n\r\n');
    await stray.closed;
  }
  await (
    await TcpPeer.connect(t, port)
  ).closed;
});

for (const transport of ['tls', 'ws', 'wss'] as const) {
  test(`half a handshake over ${transport} is closed after 10 s`, async (t) => {
    const h = await secured(t);
    const { port } = await h.listen(transport);
    const [silent, half] = [await TcpPeer.connect(t, port), await TcpPeer.connect(t, port)];
    half.socket.write(transport === 'ws' ? 'GET / HTTP/1.1\r\n' : Buffer.from('1603010200010001fc0303', 'hex'));
    await until(() => connectionsOf(h) === 2);
    h.clock.advance(9500);
    assert.equal(connectionsOf(h), 2);
    h.clock.advance(500);
    await Promise.all([silent.closed, half.closed]);
    await until(() => connectionsOf(h) === 0);
  });
}

test('1000 idle connections: no more than the limit are held, and those are let go', async (t) => {
  const h = await secured(t, { connectionLimits: { perSource: 100 } }, {}, { strangerRate: 100_000 });
  const { port } = await h.listen('wss');
  const idle: TcpPeer[] = [];
  for (let i = 0; i < 1000; i++) {
    idle.push(await TcpPeer.connect(t, port));
    assert.ok(connectionsOf(h) <= 100);
    if (h.guard.banned('127.0.0.1')) h.guard.unban('127.0.0.1');
  }
  h.clock.advance(10_000);
  await Promise.all(idle.map((each) => each.closed));
  assert.equal(connectionsOf(h), 0);
});

test('handshakes of one stranger beyond its rate are not even begun', async (t) => {
  const h = await secured(t, {}, {}, { strangerRate: 20 });
  const { port } = await h.listen('tls');
  for (let i = 0; i < 2; i++) (await over(t, port)).socket.destroy();
  await assert.rejects(over(t, port));
});

test('RFC 7118 §5 nobody is called back where a WebSocket came from, and no WebSocket asks a cloud', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('ws');
  const socket = await webSocket(t, 'ws', port);
  const lure = await tlsServer(t, 'server');
  socket.send(options({ via: `SIP/2.0/WS 127.0.0.1:${lure.port};branch=z9hG4bK1` }));
  const { message, source } = await h.got(1);
  assert.ok(message.kind === 'request');
  socket.terminate();
  await until(() => connectionsOf(h) === 0);
  const [reply, metadata] = [new Faults(), new Faults()];
  h.layer.reply(serialize(createResponse(message, 200)), source, reply);
  h.layer.send(Buffer.from(request('WS')), { transport: 'ws', address: '169.254.169.254', port: 80 }, metadata);
  assert.equal(connectionsOf(h), 0);
  await Promise.all([reply.first(), metadata.first()]);
});

const frames: Array<[what: string, send: (socket: WebSocket) => void]> = [
  ['text that is no SIP', (socket) => socket.send('hello')],
  ['binary rubbish', (socket) => socket.send(Buffer.alloc(100, 0xff))],
  ['a giant message', (socket) => socket.send('x'.repeat(200_000))],
  ['a giant message in pieces', (socket) => pieces(socket)],
];
for (const [what, send] of frames) {
  test(`a WebSocket with ${what} is closed and its source scored`, async (t) => {
    const h = await secured(t);
    const { port } = await h.listen('ws');
    const socket = await webSocket(t, 'ws', port);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    send(socket);
    await closed;
    await until(() => h.guard.score('127.0.0.1') > 0);
    assert.equal(h.taken.length, 0);
  });
}

function pieces(socket: WebSocket): void {
  for (let i = 0; i < 200; i++) socket.send('x'.repeat(1000), { fin: false });
}

test('RFC 7118 §4.1 a WebSocket without the subprotocol sip is refused, and so is a page of another origin', async (t) => {
  const h = await secured(t, { origins: ['https://phone.example.test'] });
  const { port } = await h.listen('ws');
  await assert.rejects(webSocket(t, 'ws', port, { protocols: ['chat'] }), /400/);
  await assert.rejects(webSocket(t, 'ws', port, { origin: 'https://evil.example' }), /403/);
  await webSocket(t, 'ws', port, { origin: 'https://phone.example.test' });
  const program = await webSocket(t, 'ws', port);
  assert.equal(program.protocol, 'sip');
  assert.equal(program.extensions, '', 'A7 compression was offered and is not taken');
});

test('a kept WebSocket whose peer is silent is pinged, and closed when nothing comes back', async (t) => {
  const h = await secured(t);
  const { port } = await h.listen('ws');
  const socket = await webSocket(t, 'ws', port, { autoPong: false });
  let pings = 0;
  socket.on('ping', () => pings++);
  socket.send(request('WS'));
  const { source } = await h.got(1);
  assert.ok(h.layer.keep(source.connectionId ?? ''));
  h.clock.advance(30_000);
  await until(() => pings === 1);
  socket.pong();
  await until(() => !JSON.stringify(h.layer.dump()).includes('"probed":true'));
  h.clock.advance(30_000);
  await until(() => pings === 2);
  assert.equal(connectionsOf(h), 1);
  h.clock.advance(15_000);
  await until(() => connectionsOf(h) === 0);
});

function connectionsOf(h: Harness): number {
  return (h.layer.dump() as { connections: object[] }).connections.length;
}

function webSocket(
  t: TestContext,
  transport: 'ws' | 'wss',
  port: number,
  { protocols = ['sip'], ...more }: { protocols?: string[]; origin?: string; autoPong?: boolean } = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`${transport}://127.0.0.1:${port}/`, protocols, {
    ca,
    ...more,
  });
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => socket.once('open', () => resolve(socket)).once('error', reject));
}
