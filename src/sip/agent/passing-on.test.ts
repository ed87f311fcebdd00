import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Whereabouts } from '../../ports/index.ts';
import { serialize, type SipMessage } from '../message/index.ts';
import { clean, established, parse, sdp, side, type Side, titleOf } from './fixture.test.ts';

const place = (port: number) => ({ transport: 'udp', address: '127.0.0.1', port }) as const;

/** Alice talks with Bob; what she sends from now on arrives at another node on 5063, which `find`s whose it is. */
async function astray(find: () => Promise<Whereabouts>) {
  const world = await established();
  const { wires, alice, bob } = world;
  const other = side(wires, 5063);
  const ports: Record<string, number> = { bob: bob.port, third: 5064 };
  other.agent.onStray(find, (node) => place(ports[node] ?? 0));
  const from = wires.sent.length;
  wires.lose = (message, sender, to) => {
    if (sender !== alice.port || to !== bob.port) return false;
    const source = { ...place(alice.port), localAddress: '127.0.0.1', localPort: other.port };
    other.network.onMessage(parse(serialize(message)), source);
    return true;
  };
  const sent = (by: Side) => wires.sent.slice(from).filter((each) => each.from === by.port);
  const close = (): void => {
    world.close();
    void other.agent.close();
    wires.clock.advance(wires.delay);
    wires.clock.advance(500);
  };
  return { ...world, other, sent, close };
}

const vias = ({ message }: { message: SipMessage }): number => message.headers.all('Via').length;

test('a re-INVITE, its ACK and a BYE reach the node that has the call, and its answers come back', async () => {
  const world = await astray(() => Promise.resolve({ node: 'bob' }));
  const { alices, bobs, bob, other, sent, settle, ends } = world;
  bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(3) }));
  const answer = alices.reinvite({ sdp: sdp(2) });
  await settle(300);
  assert.equal((await answer).status, 200);
  alices.bye();
  await settle(300);
  assert.equal(ends.bob[0]?.by, 'remote');
  const passed = sent(other).filter(({ to }) => to === bob.port);
  assert.deepEqual(
    passed.map(({ message }) => titleOf(message)),
    ['INVITE', 'ACK', 'BYE'],
  );
  for (const each of passed) {
    assert.equal(each.message.headers.get('Max-Forwards'), '69');
    assert.equal(vias(each), 2);
  }
  const back = sent(other).filter(({ message }) => message.kind === 'response');
  assert.deepEqual([...new Set(back.map(({ message }) => titleOf(message)))].toSorted(), ['200 BYE', '200 INVITE']);
  for (const each of back) assert.equal(vias(each), 1);
  clean(world);
});

test('what was passed on once is passed on no further: two nodes that take each other for its owner answer 503', async () => {
  const world = await astray(() => Promise.resolve({ node: 'third' }));
  const third = side(world.wires, 5064);
  third.agent.onStray(
    () => Promise.resolve({ node: 'other' }),
    () => place(5063),
  );
  const answer = world.alices.request('INFO');
  await world.settle(6000);
  assert.equal((await answer).status, 503);
  assert.ok(world.wires.sent.every((each) => vias(each) <= 2));
  assert.ok(!world.sent(third).some(({ message }) => message.kind === 'request'));
  void third.agent.close();
  clean(world);
});

test('one without a hop left goes nowhere', async () => {
  const world = await astray(() => Promise.resolve({ node: 'bob' }));
  const { wires, alice, bob, other, sent, settle } = world;
  const hand = wires.lose;
  wires.lose = (message, ...way) => {
    message.headers.set('Max-Forwards', '0');
    return hand(message, ...way);
  };
  const answer = world.alices.request('INFO');
  await settle(6000);
  assert.equal((await answer).status, 503);
  assert.equal(sent(other).filter(({ to }) => to === bob.port).length, 0);
  assert.ok(sent(other).every(({ to }) => to === alice.port));
  clean(world);
});
