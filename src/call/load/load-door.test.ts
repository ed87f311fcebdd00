import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakeClock, SeededRandom, silentLog } from '../../base/index.ts';
import type { Load, LoadSignal } from '../../ports/index.ts';
import { TokenBucket } from './bucket.ts';
import { doorTable } from './judge.ts';
import { LoadDoor } from './load-door.ts';
import { noLoad, smoothed, strainOf, worstOf } from './pressure.ts';
import { Refusals } from './refusals.ts';

const limits: Load = { loop: 0.95, lateness: 100, media: 0.9, mediaLateness: 10, memory: 0.9, hooks: 1000 };
const easy: Load = { ...noLoad, loop: 0.4 };
const full: Load = { ...noLoad, loop: 1 };
const doors: LoadDoor[] = [];

afterEach(() => {
  for (const door of doors.splice(0)) door.close();
});

/** A door whose load is set by hand, or follows from how much is let in. */
function stage(options: { leastRate?: number; capacity?: number } = {}) {
  const clock = new FakeClock();
  const refusals = new Refusals();
  const changes: string[] = [];
  const world = { load: easy, in: 0 };
  const measure = (): Load => {
    if (options.capacity === undefined) return world.load;
    const loop = Math.min(1, (world.in * 4) / options.capacity);
    world.in = 0;
    return { ...noLoad, loop };
  };
  const door = new LoadDoor({
    clock,
    random: new SeededRandom(1),
    log: silentLog,
    measure,
    limits,
    leastRate: options.leastRate ?? 5,
    refusals,
    onChange: (state, why) => changes.push(`${state} ${why}`),
  });
  doors.push(door);
  /** Calls that come in evenly; how many of each second were let in. */
  const flood = (perSecond: number, seconds: number): number[] => {
    const admitted: number[] = [];
    for (let second = 0; second < seconds; second++) {
      let count = 0;
      for (let call = 0; call < perSecond; call++) {
        clock.advance(1000 / perSecond);
        if (door.enter() !== undefined) continue;
        count++;
        world.in++;
      }
      admitted.push(count);
    }
    return admitted;
  };
  return { clock, refusals, changes, world, door, flood };
}

test('below its limits the door stands open, whatever comes', () => {
  const { flood, refusals, door } = stage();
  assert.deepEqual(flood(1000, 3), [1000, 1000, 1000]);
  assert.equal(refusals.totals.overload, 0);
  assert.equal(door.look(), undefined);
  assert.equal(door.figures().rate, undefined);
});

test('a burst or a pause shorter than a second is no overload', () => {
  const { clock, world, door, changes } = stage();
  clock.advance(1000);
  world.load = full;
  clock.advance(750);
  world.load = easy;
  clock.advance(5000);
  world.load = { ...easy, lateness: 20_000 };
  clock.advance(500);
  world.load = easy;
  clock.advance(5000);
  assert.equal(door.look(), undefined);
  assert.deepEqual(changes, []);
});

for (const signal of Object.keys(limits) as LoadSignal[]) {
  test(`${signal} at its limit: new calls are refused, with a few seconds to stay away, and the change is told once`, () => {
    const { flood, world, door, changes, refusals } = stage();
    flood(100, 2);
    world.load = { ...noLoad, [signal]: limits[signal] * 1.2 };
    flood(100, 4);
    assert.deepEqual(changes, [`limited ${signal}`]);
    assert.ok(refusals.totals.overload > 0);
    const away = new Set(Array.from({ length: 100 }, () => door.look()));
    assert.deepEqual(away, new Set([1, 2, 3, 4, 5]));
  });
}

test('at twice what it can do it settles near what it can do, and still lets that in', () => {
  const { flood } = stage({ capacity: 400 });
  flood(800, 20);
  const admitted = flood(800, 30);
  const mean = admitted.reduce((sum, count) => sum + count, 0) / admitted.length;
  assert.ok(mean > 280 && mean < 400, `${mean} of 400 calls/s`);
  assert.ok(Math.max(...admitted) < 440, `at most ${Math.max(...admitted)}`);
});

test('under strain that nothing helps, the least rate is still let in', () => {
  const { flood, world } = stage({ leastRate: 7 });
  flood(100, 2);
  world.load = full;
  flood(100, 30);
  const admitted = flood(100, 10);
  assert.equal(
    admitted.reduce((sum, count) => sum + count, 0),
    70,
  );
});

test('just below a limit nothing changes; well below it the door widens, and opens 5 s after the last refusal', () => {
  const { clock, flood, world, door, changes } = stage();
  flood(100, 2);
  world.load = full;
  flood(100, 5);
  world.load = { ...noLoad, loop: 0.9 };
  clock.advance(3000);
  const { rate } = door.figures();
  clock.advance(20_000);
  assert.equal(door.figures().rate, rate, 'hysteresis: held');
  world.load = easy;
  clock.advance(3000);
  assert.ok((door.figures().rate ?? 0) > (rate ?? 0), 'widens');
  assert.equal(changes.length, 1);
  clock.advance(4000);
  assert.deepEqual(changes, ['limited loop', 'open loop']);
  assert.equal(door.enter(), undefined);
  assert.equal(door.look(), undefined);
});

test('a process that stood still for a minute does not make up for it at once', () => {
  const bucket = new TokenBucket(100, 0);
  let taken = 0;
  while (bucket.take(60_000)) taken++;
  assert.equal(taken, 25);
});

test('the table says what to do in every state', () => {
  const context = { settled: () => true, recovered: () => false };
  const cell = doorTable.limited.strained as (event: { type: 'strained' }, more: typeof context) => unknown;
  assert.deepEqual(cell({ type: 'strained' }, context), { to: 'limited', effects: ['narrow'] });
  assert.deepEqual(cell({ type: 'strained' }, { ...context, settled: () => false }), {
    to: 'limited',
    effects: ['hold'],
  });
  assert.equal(doorTable.open.easy, 'ignore');
  assert.equal(doorTable.open.tight, 'ignore');
});

test('the nearest limit counts, smoothed, and no single figure for more than half as much again', () => {
  let ratios = noLoad;
  for (let n = 0; n < 40; n++) ratios = smoothed(ratios, { ...noLoad, loop: 0.5, hooks: 800 }, limits);
  const worst = worstOf(ratios);
  assert.deepEqual([worst.signal, worst.value.toFixed(2), strainOf(worst)], ['hooks', '0.80', 'easy']);
  assert.equal(strainOf({ value: 0.9, signal: 'loop' }), 'tight');
  assert.equal(strainOf({ value: 1, signal: 'loop' }), 'strained');
  assert.equal(smoothed(noLoad, { ...noLoad, lateness: 60_000 }, limits).lateness.toFixed(2), '0.60');
});
