import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvelopeKeeper } from './envelope.ts';

const bytes = (levels: string | undefined): number[] => [...Buffer.from(levels ?? '', 'base64')];

test('the loudest of each 40 ms, as dB below full scale; pieces follow each other', () => {
  const keeper = new EnvelopeKeeper();
  for (const level of [-30, -12.4, -75, -200, -3]) keeper.push(level);
  const first = keeper.take();
  assert.deepEqual([first?.fromMs, first?.stepMs, bytes(first?.levels)], [0, 40, [12, 75]]);
  assert.equal(keeper.take(), undefined);
  keeper.push(-40);
  const second = keeper.take();
  assert.deepEqual([second?.fromMs, bytes(second?.levels)], [80, [3]]);
});

test('after half a minute nothing more is kept', () => {
  const keeper = new EnvelopeKeeper();
  for (let i = 0; i < 10_000; i++) keeper.push(-20);
  assert.equal(bytes(keeper.take()?.levels).length, 750);
  keeper.push(-20);
  assert.equal(keeper.take(), undefined);
});
