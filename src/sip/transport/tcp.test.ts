import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createResponse, serialize } from '../message/index.ts';
import { Faults, Harness, options, TcpPeer, until } from './harness.test.ts';

const via = 'SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bK1';
const request = (callId = 'c1'): string => options({ via, callId });

async function server(t: TestContext, take: (peer: TcpPeer) => void): Promise<number> {
  const listening: Server = createServer((socket) => take(new TcpPeer(t, socket)));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  t.after(() => listening.close());
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('messages in pieces and in one piece are heard, and answered down the same connection', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write(request('c1').slice(0, 40));
  await until(() => JSON.stringify(h.layer.dump()).includes('"pending":40'));
  peer.socket.write(request('c1').slice(40) + request('c2'));
  const { message, source } = await h.got(2);
  assert.equal(message.callId, 'c2');
  assert.match(source.connectionId ?? '', /^tcp-/);
  assert.ok(message.kind === 'request');
  h.layer.reply(serialize(createResponse(message, 200)), source);
  await peer.got(/^SIP\/2.0 200 OK\r\n[^]*Call-ID: c2/);
});

test('RFC 5626 §4.4.1 a ping gets a pong', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write('\r\n\r\n');
  assert.equal(await peer.got(/\n/), '\r\n');
});

test('B1 a flood of pings is held to the rate of its source', async (t) => {
  const h = new Harness(t, {}, { strangerRate: 5 });
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  for (let n = 1; n <= 5; n++) {
    peer.socket.write('\r\n\r\n');
    await peer.got(new RegExp(`(\r\n){${n}}`));
  }
  peer.socket.write('\r\n\r\n');
  await peer.closed;
});

test('a connection we make is used again, and its answers are heard', async (t) => {
  const h = new Harness(t);
  await h.listen('tcp');
  let connections = 0;
  const port = await server(t, (peer) => {
    connections++;
    peer.socket.on('data', () =>
      peer.socket.write(`SIP/2.0 200 OK\r\n${request().split('\r\n').slice(1).join('\r\n')}`),
    );
  });
  const hop = { transport: 'tcp' as const, address: '127.0.0.1', port };
  const faults = new Faults();
  h.layer.send(Buffer.from(request()), hop, faults);
  const { source } = await h.got(1);
  h.layer.send(Buffer.from(request()), hop, faults);
  await h.got(2);
  h.layer.send(
    Buffer.from(request()),
    { ...hop, port: 1, ...(source.connectionId ? { connectionId: source.connectionId } : {}) },
    faults,
  );
  await h.got(3);
  assert.equal(connections, 1);
  assert.equal(faults.count, 0);
});

test('a connection that is refused is told to every sender that waits for it', async (t) => {
  const h = new Harness(t);
  const hop = { transport: 'tcp' as const, address: '127.0.0.1', port: 1 };
  const [first, second] = [new Faults(), new Faults()];
  h.layer.send(Buffer.from(request()), hop, first);
  h.layer.send(Buffer.from(request()), hop, second);
  await Promise.all([first.first(), second.first()]);
  assert.deepEqual([first.count, second.count], [1, 1]);
});

test('after a peer has closed, the next request opens a new connection', async (t) => {
  const h = new Harness(t);
  const peers: TcpPeer[] = [];
  const port = await server(t, (peer) => peers.push(peer));
  const hop = { transport: 'tcp' as const, address: '127.0.0.1', port };
  const gone: string[] = [];
  h.layer.onClosed = (id) => gone.push(id);
  h.layer.send(Buffer.from(request('c1')), hop);
  await until(() => peers.length === 1);
  await peers[0]!.got(/c1/);
  peers[0]!.socket.destroy();
  await until(() => gone.length === 1);
  h.layer.send(Buffer.from(request('c2')), hop);
  await until(() => peers.length === 2);
  await peers[1]!.got(/c2/);
});

test('§18.2.2 a response whose connection is gone goes to the port its Via names, or its sender is told', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const heard: TcpPeer[] = [];
  const named = await server(t, (peer) => heard.push(peer));
  let gone = 0;
  h.layer.onClosed = () => gone++;
  for (const [callId, viaPort] of [
    ['c1', named],
    ['c2', 1],
  ] as const) {
    const peer = await TcpPeer.connect(t, port);
    peer.socket.write(options({ via: `SIP/2.0/TCP 127.0.0.1:${viaPort};branch=z9hG4bK1`, callId }));
    await until(() => h.taken.some(({ message }) => message.callId === callId));
    peer.socket.destroy();
  }
  await until(() => gone === 2);
  const [good, bad] = [new Faults(), new Faults()];
  const [first, second] = [await h.got(1), await h.got(2)];
  assert.ok(first.message.kind === 'request' && second.message.kind === 'request');
  h.layer.reply(serialize(createResponse(first.message, 200)), first.source, good);
  h.layer.reply(serialize(createResponse(second.message, 200)), second.source, bad);
  await until(() => heard.length === 1);
  await heard[0]!.got(/200 OK/);
  await bad.first();
  assert.deepEqual([good.count, bad.count], [0, 1]);
});

// Attack B1.
test('B1 slow loris: a message that takes more than 4 s closes the connection, drop by drop or not', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write(request('whole') + 'OPT');
  await h.got(1);
  h.clock.advance(3500);
  peer.socket.write('IONS');
  await until(() => JSON.stringify(h.layer.dump()).includes('"pending":7'));
  h.clock.advance(499);
  assert.equal(peer.socket.destroyed, false);
  h.clock.advance(501);
  await peer.closed;
});

test('B1 a connection without a message after 10 s is closed, also one that only pings', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const [idle, pinging] = [await TcpPeer.connect(t, port), await TcpPeer.connect(t, port)];
  await until(() => connectionsOf(h) === 2);
  h.clock.advance(9000);
  pinging.socket.write('\r\n\r\n');
  await pinging.got(/\n/);
  assert.equal(connectionsOf(h), 2);
  h.clock.advance(1000);
  await Promise.all([idle.closed, pinging.closed]);
});

test('an idle connection is closed after 300 s, but not one that is kept', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const [idle, kept] = [await TcpPeer.connect(t, port), await TcpPeer.connect(t, port)];
  idle.socket.write(request('idle'));
  await h.got(1);
  kept.socket.write(request('kept'));
  const { source } = await h.got(2);
  assert.ok(h.layer.keep(source.connectionId ?? ''));
  h.clock.advance(300_000);
  await idle.closed;
  assert.equal(connectionsOf(h), 1);
  h.layer.release(source.connectionId ?? '');
  h.clock.advance(500);
  await kept.closed;
  assert.equal(h.layer.keep(source.connectionId ?? ''), false);
});

const poison: Array<[what: string, bytes: string]> = [
  ['an endless header', `OPTIONS sip:a SIP/2.0\r\nX: ${'a'.repeat(70_000)}`],
  ['an endless line without CRLF', 'a'.repeat(70_000)],
  ['a huge Content-Length', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 4000000000\r\n\r\n'],
  ['a negative Content-Length', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: -5\r\n\r\n'],
  ['no Content-Length', request('bad').replace(/Content-Length.*\r\n/, '')],
  ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a framed message that is not SIP', 'hello\r\nl: 0\r\n\r\n'],
  ['no Via', request('bad').replace(/Via.*\r\n/, '')],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n'],
];
for (const [what, bytes] of poison) {
  test(`B1 a stream with ${what} is closed and nobody else is`, async (t) => {
    const h = new Harness(t);
    const { port } = await h.listen('tcp');
    const [bad, good] = [await TcpPeer.connect(t, port), await TcpPeer.connect(t, port)];
    bad.socket.write(Buffer.from(bytes, 'latin1'));
    await bad.closed;
    good.socket.write(request('good'));
    assert.equal((await h.got(1)).message.callId, 'good');
  });
}

test('a bad request that is framed well is answered and its connection lives on', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write(options({ via, extra: 'Expires: x' }) + request('next'));
  await peer.got(/^SIP\/2.0 400 Malformed Expires/);
  assert.equal((await h.got(1)).message.callId, 'next');
});

test('B1 connections of one source, and of all, are bounded', async (t) => {
  const h = new Harness(t, { connectionLimits: { perSource: 2, total: 10 } });
  const { port } = await h.listen('tcp');
  const peers = [await TcpPeer.connect(t, port), await TcpPeer.connect(t, port)];
  await until(() => connectionsOf(h) === 2);
  const third = await TcpPeer.connect(t, port);
  await third.closed;
  peers[0]!.socket.destroy();
  await until(() => connectionsOf(h) === 1);
  await TcpPeer.connect(t, port);
  await until(() => connectionsOf(h) === 2);
});

test('B2 a banned source is not even accepted', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  h.guard.penalize('127.0.0.1', 'scanner');
  const peer = await TcpPeer.connect(t, port);
  await peer.closed;
});

test('a peer that does not read is closed when too much waits for it, and its senders are told', async (t) => {
  const h = new Harness(t, { connectionLimits: { backlog: 200_000 } });
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write(request());
  const { source } = await h.got(1);
  peer.socket.pause();
  const faults = new Faults();
  const response = Buffer.alloc(60_000, 0x20);
  while (faults.count === 0) {
    h.layer.reply(response, source, faults);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => connectionsOf(h) === 0);
});

test('ES2018-04 a burst of requests and an immediate close leave nothing behind', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  for (let i = 0; i < 20; i++) {
    const peer = await TcpPeer.connect(t, port);
    peer.socket.write(request().repeat(20) + 'OPT');
    peer.socket.resetAndDestroy();
  }
  await until(() => connectionsOf(h) === 0);
  assert.deepEqual(h.clock.pending(), []);
});

test('closing closes every connection, twice is once, and nothing is sent after', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  await until(() => connectionsOf(h) === 1);
  assert.equal(h.layer.close(), h.layer.close());
  await h.layer.close();
  await peer.closed;
  const faults = new Faults();
  h.layer.send(Buffer.from(request()), { transport: 'tcp', address: '127.0.0.1', port }, faults);
  assert.equal(faults.count, 0);
  await faults.first();
});

function connectionsOf(h: Harness): number {
  return (h.layer.dump() as { connections: object[] }).connections.length;
}
