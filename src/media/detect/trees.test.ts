import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chanceBy } from './trees.ts';

test('each tree goes left where a property is not above its figure, right where it is, and the leaves add up', () => {
  const one = {
    bias: 1,
    properties: [0, 1, 1, 0, 0, 0, 0],
    thresholds: [0.5, 2, 2, 9, 9, 9, 9],
    leaves: [-8, 0, 4, 0, 16, 0, 32, 0],
  };
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const at = (...values: number[]): number => chanceBy(one, Float64Array.from(values));
  assert.equal(at(0.5, 2), sigmoid(1 - 8));
  assert.equal(at(0.5, 3), sigmoid(1 + 4));
  assert.equal(at(0.6, 2), sigmoid(1 + 16));
  assert.equal(at(0.6, 3), sigmoid(1 + 32));
  const two = {
    bias: 1,
    properties: [...one.properties, ...one.properties],
    thresholds: [...one.thresholds, ...one.thresholds],
    leaves: [...one.leaves, ...one.leaves],
  };
  assert.equal(chanceBy(two, Float64Array.from([0.5, 3])), sigmoid(1 + 8));
});
