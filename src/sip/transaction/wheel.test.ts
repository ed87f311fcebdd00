import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import { TimerWheel } from './wheel.ts';

function bench() {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock, 100, (fault) => void fired.push(String(fault)));
  const fired: string[] = [];
  const user = { onTimer: (name: string) => void fired.push(name) };
  return { clock, wheel, fired, user };
}

test('a timer fires at the first tick at or after its time', () => {
  const { clock, wheel, fired, user } = bench();
  wheel.after(150, user, 'a');
  wheel.after(200, user, 'b');
  clock.advance(199);
  assert.deepEqual(fired, []);
  clock.advance(1);
  assert.deepEqual(
    fired.toSorted((a, b) => (a < b ? -1 : 1)),
    ['a', 'b'],
  );
});

test('all timers of a tick share one clock timer, which goes with the last of them', () => {
  const { clock, wheel, user } = bench();
  const timers = Array.from({ length: 1000 }, () => wheel.after(32_000, user, 'J'));
  assert.equal(clock.pending().length, 1);
  assert.equal(wheel.count(), 1000);
  for (const timer of timers) timer.cancel();
  assert.deepEqual(clock.pending(), []);
  assert.equal(wheel.count(), 0);
});

test('a timer that cancels its neighbours while it fires is obeyed', () => {
  const { clock, wheel, fired } = bench();
  const timers: Array<{ cancel(): void }> = [];
  const user = {
    onTimer: (name: string) => {
      fired.push(name);
      for (const timer of timers) timer.cancel();
    },
  };
  for (const name of ['a', 'b', 'c']) timers.push(wheel.after(100, user, name));
  clock.advance(1000);
  assert.equal(fired.length, 1);
  assert.deepEqual(clock.pending(), []);
});

test('a timer armed while its tick fires waits for the next one', () => {
  const { clock, wheel, fired } = bench();
  const user = {
    onTimer: (name: string) => {
      fired.push(name);
      if (fired.length < 3) wheel.after(100, user, name);
    },
  };
  wheel.after(100, user, 'again');
  clock.advance(200);
  assert.equal(fired.length, 2);
  clock.advance(1000);
  assert.equal(fired.length, 3);
});

test('a loop that was blocked fires what fell due meanwhile in order, and what that starts for a time gone by', () => {
  let now = 0;
  const armed: Array<() => void> = [];
  const clock = new FakeClock();
  clock.monotonic = () => now;
  clock.after = (_ms, _label, fire) => {
    armed.push(fire);
    return { cancel: () => {} };
  };
  const wheel = new TimerWheel(clock, 100, () => {});
  const fired: string[] = [];
  const late = { onTimer: (name: string) => void fired.push(name) };
  const user = {
    onTimer: (name: string) => {
      fired.push(name);
      if (name === 'b') wheel.at(1, late, 'late');
    },
  };
  wheel.after(500, user, 'c');
  wheel.after(100, user, 'a');
  wheel.after(300, user, 'b');
  now = 1000;
  armed.at(-1)?.();
  assert.deepEqual(fired, ['a', 'b', 'late', 'c']);
  assert.equal(wheel.count(), 0);
});

test('a timer further ahead than the wheel looks fires in its time', () => {
  const { clock, wheel, fired, user } = bench();
  wheel.after(100, user, 'soon');
  wheel.after(60_000, user, 'far');
  clock.advance(59_999);
  assert.deepEqual(fired, ['soon']);
  clock.advance(1);
  assert.deepEqual(fired, ['soon', 'far']);
  assert.deepEqual(clock.pending(), []);
});

test('a user that throws is told of, and the tick goes on', () => {
  const { clock, wheel, fired, user } = bench();
  wheel.after(100, user, 'a');
  wheel.after(100, { onTimer: () => assert.fail('bad user') }, 'b');
  wheel.after(100, user, 'c');
  clock.advance(100);
  assert.equal(fired.length, 3);
  assert.ok(fired.some((each) => each.includes('bad user')));
});

test('cancelling twice, or after firing, does nothing', () => {
  const { clock, wheel, fired, user } = bench();
  const a = wheel.after(100, user, 'a');
  const b = wheel.after(100, user, 'b');
  a.cancel();
  a.cancel();
  clock.advance(100);
  b.cancel();
  assert.deepEqual(fired, ['b']);
});

test('a closed wheel fires nothing and starts nothing', () => {
  const { clock, wheel, fired, user } = bench();
  wheel.after(100, user, 'a');
  wheel.close();
  wheel.after(100, user, 'b').cancel();
  clock.advance(1000);
  assert.deepEqual(fired, []);
  assert.deepEqual(clock.pending(), []);
});
