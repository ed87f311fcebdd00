import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { sourceHeader } from './edges.ts';
import { Harness, options, UdpPeer } from './harness.test.ts';

const said = (...values: string[]): string => values.map((value) => `${sourceHeader}: ${value}`).join('\r\n');

async function stage(t: TestContext, isEdge: boolean, threshold = 100) {
  const h = new Harness(t, { isEdge: () => isEdge }, { threshold, trusted: ['127.0.0.1'] });
  const { port } = await h.listen('udp');
  const peer = await UdpPeer.open(t);
  let count = 0;
  const send = (extra: string, method = 'OPTIONS'): Promise<void> => {
    const via = `SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${++count}`;
    return peer.send(options({ via, extra, callId: `c${count}`, method }), port);
  };
  return { h, peer, send };
}

const sources = {
  'udp:203.0.113.9:5060': { transport: 'udp', address: '203.0.113.9', port: 5060 },
  'udp:[2001:db8:0:0:0:0:0:7]:5060': { transport: 'udp', address: '2001:db8::7', port: 5060 },
  'wss:[2001:DB8::7]:4711': { transport: 'wss', address: '2001:db8::7', port: 4711 },
  'tcp:[::ffff:198.51.100.4]:65535': { transport: 'tcp', address: '198.51.100.4', port: 65535 },
};

for (const [value, origin] of Object.entries(sources)) {
  test(`an edge says that a request came from ${value}; nobody behind the transport sees the header`, async (t) => {
    const { h, peer, send } = await stage(t, true);
    await send(said(value));
    const { message, source } = await h.got(1);
    assert.deepEqual(source.origin, origin);
    // The answer goes back to the edge all the same.
    assert.deepEqual([source.address, source.port], ['127.0.0.1', peer.port]);
    assert.equal(message.headers.get(sourceHeader), undefined);
  });
}

const hostile = [
  [],
  ['udp:203.0.113.9:5060', 'udp:203.0.113.8:5060'],
  ['udp:203.0.113.9:5060, udp:203.0.113.8:5060'],
  ['203.0.113.9'],
  ['udp:203.0.113.9'],
  ['udp:203.0.113.999:5060'],
  ['udp:203.0.113.9:0'],
  ['udp:203.0.113.9:65536'],
  ['sctp:203.0.113.9:5060'],
  ['udp:2001:db8::7:5060'],
  ['udp:[203.0.113.9]:5060'],
  ['udp:[fe80::1%eth0]:5060'],
  ['udp:localhost:5060'],
  [`udp:${'1'.repeat(4_000)}:5060`],
  [''],
];

test('what an edge says that is no source, or two, is refused with 400 and not taken for the edge’s own', async (t) => {
  const { h, peer, send } = await stage(t, true);
  for (const [n, values] of hostile.slice(1).entries()) {
    await send(said(...values));
    assert.match(await peer.got(n + 1), /^SIP\/2\.0 400 /, values.join(' and '));
  }
  assert.deepEqual(h.taken, []);
  await send('');
  assert.equal((await h.got(1)).source.origin, undefined);
});

test('whatever anybody else writes there is gone, and means nothing', async (t) => {
  const { h, send } = await stage(t, false);
  for (const [n, values] of [...hostile, Object.keys(sources)].entries()) {
    await send(said(...values));
    const { message, source } = await h.got(n + 1);
    assert.equal(source.origin, undefined);
    assert.equal(message.headers.has(sourceHeader), false);
  }
});

test('the source is banned and not the edge, which is told for how long', async (t) => {
  const { h, peer, send } = await stage(t, true);
  await send(said('udp:203.0.113.9:5060'));
  const { source } = await h.got(1);
  h.layer.offence(source, 100);
  assert.deepEqual(
    h.guard.list().map(({ address }) => address),
    ['203.0.113.9'],
  );
  await send(said('tcp:203.0.113.9:777'));
  assert.match(await peer.got(1), /^SIP\/2\.0 403 [^]*\r\nX-Graine-Ban: 600\r\n/);
  await send(said('tcp:203.0.113.9:777'), 'ACK');
  await send(said('udp:203.0.113.10:5060'));
  assert.equal((await h.got(2)).source.origin?.address, '203.0.113.10');
  assert.equal(peer.received.length, 1);
});

test('a scanner behind an edge is told by its own address', async (t) => {
  const { h, send } = await stage(t, true);
  await send(`User-Agent: friendly-scanner\r\n${said('udp:203.0.113.9:5060')}`);
  await send(said('udp:203.0.113.10:5060'));
  await h.got(1);
  assert.ok(h.guard.banned('203.0.113.9'));
  assert.equal(h.guard.banned('127.0.0.1'), false);
});

test('who has proved itself through an edge is known by its own address', async (t) => {
  const { h, send } = await stage(t, true);
  await send(said('udp:203.0.113.9:5060'));
  const { source } = await h.got(1);
  h.layer.offence(source, 50);
  assert.equal(h.guard.score('203.0.113.9'), 50);
  h.layer.good(source);
  assert.equal(h.guard.score('203.0.113.9'), 0);
});
