import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './clock.ts';
import { HeldClock } from './held-clock.ts';

function inDoubt() {
  const clock = new FakeClock();
  let settle = (): void => {};
  const certainty = { sure: false, whenSure: () => new Promise<void>((resolve) => (settle = resolve)) };
  return { clock, certainty, held: new HeldClock(clock, certainty), settle: () => settle() };
}

test('a timer that is due in doubt fires once it is sure, unless it was cancelled meanwhile', async () => {
  const { clock, certainty, held, settle } = inDoubt();
  const fired: string[] = [];
  held.after(10, 'a', () => fired.push('a'));
  clock.advance(10);
  assert.equal(fired.length, 0);
  settle();
  await Promise.resolve();
  assert.deepEqual(fired, ['a']);

  const second = held.after(10, 'b', () => fired.push('b'));
  clock.advance(10);
  second.cancel();
  settle();
  await Promise.resolve();
  assert.deepEqual(fired, ['a']);

  certainty.sure = true;
  held.after(10, 'c', () => fired.push('c'));
  clock.advance(10);
  assert.deepEqual(fired, ['a', 'c']);
});
