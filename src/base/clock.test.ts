import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from './clock.ts';

test('pending names the timers that run, whichever of them went first', async () => {
  const clock = new SystemClock();
  const far = ['a', 'b', 'c'].map((label) => clock.after(60_000, label, () => assert.fail(label)));
  const again = clock.every(60_000, 'd', () => assert.fail('d'));
  assert.deepEqual(clock.pending().toSorted(), ['a', 'b', 'c', 'd']);
  far[1]?.cancel();
  far[1]?.cancel();
  assert.deepEqual(clock.pending().toSorted(), ['a', 'c', 'd']);
  await new Promise<void>((resolve) => void clock.after(1, 'e', resolve));
  assert.deepEqual(clock.pending().toSorted(), ['a', 'c', 'd']);
  for (const each of [far[2], again, far[0]]) each?.cancel();
  assert.deepEqual(clock.pending(), []);
});
