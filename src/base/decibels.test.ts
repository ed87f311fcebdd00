import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGain, readDecibels } from './decibels.ts';

const rows: [unknown, number | undefined][] = [
  [3, 3],
  [-2.5, -2.5],
  [0, 0],
  ['-6 dB', -6],
  ['+3dB', 3],
  ['+3.5dB', 3.5],
  ['-0.25 db', -0.25],
  ['-0 dB', 0],
  ['6', 6],
  ['loud', undefined],
  ['', undefined],
  ['3 dB louder', undefined],
  ['1e3', undefined],
  ['--3 dB', undefined],
  [`${'1'.repeat(20)} dB`, undefined],
  [Number.NaN, undefined],
  [Infinity, undefined],
  [null, undefined],
  [{}, undefined],
];
for (const [given, want] of rows)
  test(`${JSON.stringify(given)} is ${want} dB`, () => assert.equal(readDecibels(given), want));

test('a gain is between -60 and 40 dB', () => {
  assert.deepEqual([-60.1, -60, 0, 40, 40.1].map(isGain), [false, true, true, true, false]);
});
