import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListen } from './address.ts';
import { Listeners } from './listeners.ts';
import { Harness, options, TcpPeer, UdpPeer } from './harness.test.ts';

test('§18.1.1 a long request goes by TCP only when asked and only where a connection stands', async (t) => {
  const plain = new Harness(t);
  const asked = new Harness(t, { preferTcpOver: 1300 });
  const { port } = await asked.listen('tcp');
  const peer = await TcpPeer.connect(t, port);
  peer.socket.write(options({ via: 'SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1' }));
  const { source } = await asked.got(1);
  const known = { transport: 'udp' as const, address: source.address, port: source.port };
  assert.equal(asked.layer.hopFor(known, 1301).transport, 'tcp');
  assert.equal(asked.layer.hopFor(known, 1300).transport, 'udp');
  assert.equal(asked.layer.hopFor({ ...known, port: 1 }, 5000).transport, 'udp');
  assert.equal(plain.layer.hopFor(known, 5000).transport, 'udp');
});

test('a peer we send to is expected: its answers are not held to a stranger’s rate', async (t) => {
  const h = new Harness(t, {}, { strangerRate: 1 });
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  h.layer.send(Buffer.from(options()), { transport: 'udp', address: '127.0.0.1', port: peer.port });
  await peer.got(1);
  for (let i = 0; i < 20; i++) await peer.send(options({ callId: `c${i}` }), port);
  await h.got(20);
});

test('a handler that throws costs one message, not the socket or the connection', async (t) => {
  const h = new Harness(t);
  const [udp, tcp] = [await h.listen('udp'), await h.listen('tcp')];
  const take = h.layer.onMessage;
  h.layer.onMessage = (message, source) => {
    if (message.callId === 'bomb') throw new Error('bug');
    take(message, source);
  };
  const [peer, stream] = [await UdpPeer.open(t), await TcpPeer.connect(t, tcp.port)];
  for (const callId of ['bomb', 'next']) {
    await peer.send(options({ callId }), udp.port);
    stream.socket.write(options({ callId, via: 'SIP/2.0/TCP h;branch=z9hG4bK1' }));
  }
  await h.got(2);
  assert.deepEqual(
    h.taken.map(({ message }) => message.callId),
    ['next', 'next'],
  );
});

test('offence and good reach the guard', async (t) => {
  const h = new Harness(t);
  const source = {
    transport: 'udp' as const,
    address: '192.0.2.1',
    port: 5060,
    localAddress: '127.0.0.1',
    localPort: 5060,
  };
  h.layer.offence(source, 60);
  h.layer.good(source);
  h.layer.offence(source, 60);
  assert.equal(h.guard.banned('192.0.2.1'), false);
  h.layer.offence({ ...source, address: '192.0.2.2' }, 100);
  assert.ok(h.guard.banned('192.0.2.2'));
});

test('UDP and TCP share one layer, and it tells where it listens', async (t) => {
  const h = new Harness(t);
  const udp = await h.listen('udp');
  const tcp = await h.layer.listen(`tcp://127.0.0.1:${udp.port}`);
  assert.deepEqual(h.layer.listening(), [udp, tcp]);
  assert.equal(h.layer.localFor({ transport: 'tcp', address: '127.0.0.1', port: 9 }), `127.0.0.1:${tcp.port}`);
  assert.equal(h.layer.localFor({ transport: 'tls', address: '127.0.0.1', port: 9 }), `127.0.0.1:${udp.port}`);
});

test('the listener for a hop has its transport and family, and is on its side of loopback', () => {
  const listeners = new Listeners();
  const add = (transport: 'udp' | 'tcp', address: string): void =>
    listeners.add({ transport, address, port: 5060, advertisedHost: address, advertisedPort: 5060 });
  add('udp', '127.0.0.1');
  add('udp', '192.0.2.7');
  add('udp', '::1');
  add('tcp', '0.0.0.0');
  const from = (transport: 'udp' | 'tcp', address: string): string | undefined =>
    listeners.for({ transport, address, port: 5060 })?.address;
  assert.equal(from('udp', '127.0.0.2'), '127.0.0.1');
  assert.equal(from('udp', '198.51.100.1'), '192.0.2.7');
  assert.equal(from('udp', '2001:db8::1'), '::1');
  assert.equal(from('tcp', '198.51.100.1'), '0.0.0.0');
  assert.equal(from('tcp', '::1'), undefined);
});

test('listen addresses are read strictly', () => {
  assert.deepEqual(parseListen('udp://127.0.0.1:5060'), { transport: 'udp', address: '127.0.0.1', port: 5060 });
  assert.deepEqual(parseListen('tls://[::]'), { transport: 'tls', address: '::', port: 5061 });
  assert.deepEqual(parseListen('tcp://localhost:0'), { transport: 'tcp', address: '127.0.0.1', port: 0 });
  for (const bad of [
    '',
    'udp',
    'udp:127.0.0.1',
    'udp://',
    'udp://1.2.3.4:65536',
    'udp://1.2.3.4:x',
    'udp://::1:5060',
    'udp://h.example',
    'x://1.2.3.4',
    'udp://1.2.3.4:5060/x',
  ]) {
    assert.throws(() => parseListen(bad), { code: 'sip-listen-address' }, bad);
  }
});
