import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { byPriorityAndWeight } from './draw.ts';

type Entry = { name: string; priority: number; weight: number };

const draws = 20_000;

/** How often each entry comes first, of 1. */
function firsts(list: readonly Entry[]): Map<string, number> {
  const random = new SeededRandom(2782);
  const shares = new Map<string, number>();
  for (let n = 0; n < draws; n++) {
    const [first] = byPriorityAndWeight(random, list);
    if (first !== undefined) shares.set(first.name, (shares.get(first.name) ?? 0) + 1 / draws);
  }
  return shares;
}

/** Five standard deviations of a share that is drawn so often: a fair draw is outside once in two million. */
function assertShare(shares: Map<string, number>, name: string, want: number): void {
  const got = shares.get(name) ?? 0;
  const tolerance = 5 * Math.sqrt((want * (1 - want)) / draws);
  assert.ok(Math.abs(got - want) <= tolerance, `${name} came first in ${got} of all draws, expected ${want}`);
}

const entry = (name: string, weight: number, priority = 1): Entry => ({ name, priority, weight });

test('within one priority each comes first in proportion to its weight', () => {
  const shares = firsts([entry('a', 10), entry('b', 30), entry('c', 60)]);
  assertShare(shares, 'a', 0.1);
  assertShare(shares, 'b', 0.3);
  assertShare(shares, 'c', 0.6);
});

test('the second place is drawn by weight among those that are left', () => {
  const random = new SeededRandom(3);
  let second = 0;
  let after = 0;
  for (let n = 0; n < draws; n++) {
    const order = byPriorityAndWeight(random, [entry('a', 10), entry('b', 30), entry('c', 60)]).map(({ name }) => name);
    if (order[0] !== 'c') continue;
    after++;
    if (order[1] === 'b') second++;
  }
  const tolerance = 5 * Math.sqrt((0.75 * 0.25) / after);
  assert.ok(Math.abs(second / after - 0.75) <= tolerance, `b came second in ${second} of ${after}`);
});

test('weights of zero alone: all are drawn alike', () => {
  const shares = firsts([entry('a', 0), entry('b', 0), entry('c', 0), entry('d', 0)]);
  for (const name of ['a', 'b', 'c', 'd']) assertShare(shares, name, 0.25);
});

test('a weight of zero beside others: seldom first, never left out', () => {
  const list = [entry('idle', 0), entry('busy', 99)];
  assertShare(firsts(list), 'idle', 0.01);
  const order = byPriorityAndWeight(new SeededRandom(1), list);
  assert.equal(order.length, 2);
});

test('whatever the weights, a lower priority goes before a higher one, and nobody twice', () => {
  const list = [entry('late', 1000, 2), entry('early', 0, 1), entry('later', 1, 3), entry('soon', 5, 1)];
  const random = new SeededRandom(5);
  for (let n = 0; n < 500; n++) {
    const order = byPriorityAndWeight(random, list);
    assert.deepEqual(
      order.map(({ priority }) => priority),
      [1, 1, 2, 3],
    );
    assert.equal(new Set(order).size, list.length);
  }
});

test('of none there is no order', () => {
  assert.deepEqual(byPriorityAndWeight(new SeededRandom(1), []), []);
});
