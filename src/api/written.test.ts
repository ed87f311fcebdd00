import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../base/index.ts';
import { whenWritten } from './written.ts';

test('rows that wait are waited for, and no timer stays', async () => {
  const clock = new FakeClock();
  await whenWritten({ flush: () => Promise.resolve() }, clock);
  await whenWritten({ flush: () => Promise.reject(new Error('closed')) }, clock);
  assert.deepEqual(clock.pending(), []);
});

test('a store that is away is not waited for longer than a second', async () => {
  const clock = new FakeClock();
  let shown = false;
  const waits = whenWritten({ flush: () => new Promise(() => {}) }, clock).then(() => (shown = true));
  clock.advance(999);
  await Promise.resolve();
  assert.equal(shown, false);
  clock.advance(1);
  await waits;
  assert.deepEqual(clock.pending(), []);
});
