import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../base/index.ts';
import { aloneWith } from './limits/stand-in.test.ts';
import { CarrierPacers } from './pacing.ts';

function start(limits: { maxCalls?: number; maxCps?: number }) {
  const clock = new FakeClock();
  const pacers = new CarrierPacers(clock, aloneWith(clock));
  const granted: number[] = [];
  let seq = 0;
  const acquire = () => {
    const n = ++seq;
    return pacers.acquire(
      'c',
      { maxCalls: limits.maxCalls, maxCps: limits.maxCps },
      {
        grant: () => void granted.push(n),
      },
    );
  };
  return { clock, pacers, granted, acquire };
}

test('max_calls lets that many run and serves the line in order as places come free', () => {
  const { granted, acquire } = start({ maxCalls: 2 });
  const slots = [acquire(), acquire(), acquire(), acquire()];
  assert.deepEqual(granted, [1, 2]);
  slots[1]?.release();
  assert.deepEqual(granted, [1, 2, 3]);
  slots[0]?.release();
  assert.deepEqual(granted, [1, 2, 3, 4]);
});

test('who leaves the line is never called, and releasing twice gives one place back', () => {
  const { granted, acquire } = start({ maxCalls: 1 });
  const [first, second, third, fourth] = [acquire(), acquire(), acquire(), acquire()];
  second.release();
  first.release();
  first.release();
  assert.deepEqual(granted, [1, 3]);
  third.release();
  assert.deepEqual(granted, [1, 3, 4]);
  fourth.release();
});

test('max_cps starts no more than that many calls in any second', () => {
  const { clock, pacers, granted, acquire } = start({ maxCps: 2 });
  for (let i = 0; i < 5; i++) acquire();
  assert.deepEqual(granted, [1, 2]);
  clock.advance(999);
  assert.deepEqual(granted, [1, 2]);
  clock.advance(1);
  assert.deepEqual(granted, [1, 2, 3, 4]);
  clock.advance(1000);
  assert.deepEqual(granted, [1, 2, 3, 4, 5]);
  assert.deepEqual(clock.pending(), []);
  pacers.close();
});
