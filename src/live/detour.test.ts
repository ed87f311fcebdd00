import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfNode, mayDetour } from './detour.ts';

test('a node has nothing done in Redis for others, and nothing but what keeps its own calls', () => {
  assert.ok(isOfNode('c', 'beat', ['c', 3000, 'epoch', '']));
  assert.ok(!isOfNode('c', 'beat', ['a', 3000, 'epoch', '']));
  assert.ok(!isOfNode('c', 'keepStanding', ['a', 'sid', '']));
  assert.ok(!isOfNode('c', 'keepStanding', []));
  assert.ok(!isOfNode('c', 'keepStanding', ['c', ...Array.from({ length: 256 }, () => '')]));
  for (const script of ['claimStanding', 'resign', 'bury', 'bind', 'toString', ''])
    assert.ok(!mayDetour(script), script);
});
