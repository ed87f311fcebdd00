import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';

test('the latest are there, and the older ones go in time', () => {
  const recent = new Recent<number, string>(3);
  for (let key = 0; key < 100; key++) {
    recent.set(key, `v${key}`);
    for (const back of [0, 1, 2]) if (key >= back) assert.equal(recent.get(key - back), `v${key - back}`);
    assert.equal(recent.get(key - 6), undefined);
  }
});

test('what is told again has its latest value', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('c', 3);
  recent.set('a', 4);
  assert.equal(recent.get('a'), 4);
});
