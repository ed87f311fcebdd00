import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SipTrace } from '../../base/index.ts';
import { createResponse, serialize } from '../message/index.ts';
import { Faults, Harness, options, UdpPeer } from './harness.test.ts';

const via = (port: number, rest = ''): string => `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1${rest}`;

test('a datagram becomes a message with its source', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(options({ via: via(peer.port) }), port);
  const { message, source } = await h.got(1);
  assert.equal(message.callId, 'c1');
  assert.deepEqual(source, {
    transport: 'udp',
    address: '127.0.0.1',
    port: peer.port,
    localAddress: '127.0.0.1',
    localPort: port,
  });
});

test('RFC 3581 §4 rport and received say where the request came from, and the response goes there', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(options({ via: 'SIP/2.0/UDP 10.9.8.7:5099;branch=z9hG4bK1;rport' }), port);
  const { message, source } = await h.got(1);
  assert.equal(
    message.headers.get('Via'),
    `SIP/2.0/UDP 10.9.8.7:5099;branch=z9hG4bK1;rport=${peer.port};received=127.0.0.1`,
  );
  assert.ok(message.kind === 'request');
  h.layer.reply(serialize(createResponse(message, 200)), source);
  assert.match(await peer.got(1), /^SIP\/2.0 200 OK\r\n/);
});

test('§18.2.2 without rport the response goes to the port the Via names', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const [sender, named] = [await UdpPeer.open(t), await UdpPeer.open(t)];
  await sender.send(options({ via: via(named.port) }), port);
  const { message, source } = await h.got(1);
  assert.ok(message.kind === 'request');
  h.layer.reply(serialize(createResponse(message, 200)), source);
  assert.match(await named.got(1), /200 OK/);
  assert.equal(sender.received.length, 0);
});

test('a received parameter the peer has made up is replaced', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(options({ via: via(peer.port, ';received=192.0.2.66') }), port);
  assert.equal((await h.got(1)).message.via.params.get('received'), '127.0.0.1');
});

test('a request goes out from the port we listen on, with a Via that says so', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  const hop = { transport: 'udp' as const, address: '127.0.0.1', port: peer.port };
  assert.equal(h.layer.localFor(hop), `127.0.0.1:${port}`);
  assert.equal(h.layer.viaFor(hop, 'z9hG4bKx'), `SIP/2.0/UDP 127.0.0.1:${port};rport;branch=z9hG4bKx`);
  h.layer.send(Buffer.from(options()), hop);
  assert.equal(await peer.got(1), options());
});

test('the advertised address is what others are told', async (t) => {
  const h = new Harness(t, { advertise: '203.0.113.7' });
  const { port, advertisedHost, advertisedPort } = await h.listen('udp');
  assert.deepEqual([advertisedHost, advertisedPort], ['203.0.113.7', port]);
  assert.equal(h.layer.localFor({ transport: 'udp', address: '192.0.2.1', port: 5060 }), `203.0.113.7:${port}`);
});

test('a bad request is answered with its status and the fault by name', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(options({ via: via(peer.port), extra: `Expires: -1\r\nX-Padding: ${'x'.repeat(80)}` }), port);
  const answer = await peer.got(1);
  assert.match(answer, /^SIP\/2.0 400 Malformed Expires\r\n/);
  assert.match(answer, /To: <sip:b@127.0.0.1>;tag=[0-9a-f]{12}\r\n/);
  assert.equal(h.taken.length, 0);
});

test('B3 an answer to a stranger is never larger than its request', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  const tiny = `X sip:a SIP/2.0\r\nv:SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK1\r\nf:sip:a@b\r\nt:sip:a@b\r\ni:1\r\nCSeq:1 X\r\nExpires:x\r\n\r\n`;
  await peer.send(tiny, port);
  await peer.send(options({ via: via(peer.port), callId: 'after' }), port);
  await h.got(1);
  assert.equal(peer.received.length, 0);
});

test('B1 B6 rubbish, keep-alives, STUN and bad responses are dropped in silence', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  const stun = Buffer.concat([Buffer.from('000100002112a442', 'hex'), Buffer.alloc(12)]);
  const bad = options({ via: via(peer.port) })
    .replace('OPTIONS sip:127.0.0.1 SIP/2.0', 'SIP/2.0 200 OK')
    .replace(/From.*\r\n/, '');
  for (const bytes of ['', '\r\n\r\n', '\0', stun, 'hello', bad, Buffer.alloc(60_000, 0x41)])
    await peer.send(bytes, port);
  await peer.send(options({ via: via(peer.port), callId: 'last' }), port);
  assert.equal((await h.got(1)).message.callId, 'last');
  assert.equal(peer.received.length, 0);
});

test('B2 a scanner is dropped and from then on unheard', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  h.guard.list();
  await peer.send(options({ via: via(peer.port), extra: 'User-Agent: friendly-scanner', callId: 'scan' }), port);
  await peer.send(options({ via: via(peer.port), callId: 'more' }), port);
  const other = new Promise<void>((resolve) => {
    const look = (): unknown => (h.guard.stats().droppedBanned > 0 ? resolve() : setImmediate(look));
    look();
  });
  await other;
  assert.equal(h.taken.length, 0);
  assert.equal(peer.received.length, 0);
});

test('what cannot be sent is told to its sender once: no listener, bad port, too long, closed', async (t) => {
  const h = new Harness(t);
  const hop = { transport: 'udp' as const, address: '127.0.0.1', port: 9 };
  const faults = [new Faults(), new Faults(), new Faults(), new Faults()] as const;
  h.layer.send(Buffer.from('x'), hop, faults[0]);
  await h.listen('udp');
  h.layer.send(Buffer.from('x'), { ...hop, port: 0 }, faults[1]);
  h.layer.send(Buffer.alloc(70_000), hop, faults[2]);
  await faults[2].first();
  await h.layer.close();
  h.layer.send(Buffer.from('x'), hop, faults[3]);
  assert.equal(faults[3].count, 0);
  await faults[3].first();
  assert.deepEqual(
    faults.map((each) => each.count),
    [1, 1, 1, 1],
  );
});

test('every message, in and out, is on the trace channel', async (t) => {
  const h = new Harness(t);
  const events: SipTrace[] = [];
  h.trace.on('event', (event) => event.kind === 'sip' && events.push(event));
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  await peer.send(options({ via: via(peer.port) }), port);
  const { message, source } = await h.got(1);
  assert.ok(message.kind === 'request');
  h.layer.reply(serialize(createResponse(message, 486)), source);
  await peer.got(1);
  const at = { transport: 'udp', local: { port }, remote: { port: peer.port }, callId: 'c1' };
  const seen = events.map(({ direction, title, callId, transport, local, remote }) => {
    return { direction, title, callId, transport, local: { port: local.port }, remote: { port: remote.port } };
  });
  assert.deepEqual(seen, [
    { direction: 'in', title: 'OPTIONS', ...at },
    { direction: 'out', title: '486 Busy Here', ...at },
  ]);
});

test('an address in use is refused with what to do', async (t) => {
  const h = new Harness(t);
  const { port } = await h.listen('udp');
  await assert.rejects(h.layer.listen(`udp://127.0.0.1:${port}`), { code: 'sip-listen-address' });
  await assert.rejects(h.layer.listen('udp://example.com:5060'), /not an IP address/);
  await assert.rejects(h.layer.listen('sctp://127.0.0.1:5060'), /not transport:\/\/address:port/);
  await assert.rejects(h.layer.listen('wss://127.0.0.1:0'), /needs sip.tls/);
});

test('IPv6 is heard and answered', async (t) => {
  const h = new Harness(t);
  const { port } = await h.layer.listen('udp://[::1]:0');
  const hop = { transport: 'udp' as const, address: '::1', port };
  assert.equal(h.layer.localFor(hop), `[::1]:${port}`);
  h.layer.send(Buffer.from(options({ via: h.layer.viaFor(hop, 'z9hG4bK6') })), hop);
  const { message, source } = await h.got(1);
  assert.equal(source.address, '::1');
  assert.equal(message.via.params.get('rport'), String(port));
});
