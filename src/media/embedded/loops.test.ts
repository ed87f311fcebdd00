import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopGuard, type Node } from './loops.ts';

function node(guard: LoopGuard, port: number, remotePort: number, address = '192.0.2.1'): Node {
  const remote = { address, port: remotePort };
  const made: Node = { port, settings: { remote, payloads: [], direction: 'sendrecv', ptime: 20 }, peer: undefined };
  guard.add(made);
  return made;
}

function bridge(a: Node, b: Node): void {
  a.peer = b;
  b.peer = a;
}

test('two bridged legs that name each other’s ports are a loop', () => {
  const guard = new LoopGuard(['192.0.2.1']);
  const [a, b] = [node(guard, 1000, 1002), node(guard, 1002, 1000)];
  bridge(a, b);
  assert.equal(guard.loops(a), true);
  assert.equal(guard.loops(b), true);
});

test('so are two calls that name each other', () => {
  const guard = new LoopGuard(['192.0.2.1']);
  const [a, b, c, d] = [
    node(guard, 1000, 1006),
    node(guard, 1002, 1004),
    node(guard, 1004, 1002),
    node(guard, 1006, 1000),
  ];
  bridge(a, b);
  bridge(c, d);
  for (const each of [a, b, c, d]) assert.equal(guard.loops(each), true, String(each.port));
});

test('a call that passes through us twice on its way between two phones is none', () => {
  const guard = new LoopGuard(['192.0.2.1']);
  const [a, b, c, d] = [
    node(guard, 1000, 5000, '192.0.2.7'),
    node(guard, 1002, 1004),
    node(guard, 1004, 1002),
    node(guard, 1006, 6000, '192.0.2.8'),
  ];
  bridge(a, b);
  bridge(c, d);
  for (const each of [a, b, c, d]) assert.equal(guard.loops(each), false, String(each.port));
});

test('a released leg breaks the chain', () => {
  const guard = new LoopGuard(['192.0.2.1']);
  const [a, b] = [node(guard, 1000, 1002), node(guard, 1002, 1000)];
  bridge(a, b);
  guard.remove(b);
  assert.equal(guard.loops(a), false);
});
