import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../base/index.ts';
import { type DialVerb, parseApplication } from '../../schema/schema.ts';
import { ringSeconds, Schedule } from './schedule.ts';

function dialOf(fields: Record<string, unknown>, targets: Record<string, unknown>[] = [{}, {}, {}]): DialVerb {
  const target = targets.map((extra, at) => ({ type: 'user', name: `u${at}`, ...extra }));
  const parsed = parseApplication([{ verb: 'dial', target, ...fields }]);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.verbs[0] as DialVerb;
}

function start(dial: DialVerb) {
  const clock = new FakeClock(0);
  const log: string[] = [];
  const schedule = new Schedule({ clock, dial, label: 'test', launch: (at) => log.push(`${clock.now()} ${at}`) });
  schedule.start();
  return { clock, log, schedule };
}

test('simring rings all at once', () => {
  const { clock, log } = start(dialOf({}));
  assert.deepEqual(log, ['0 0', '0 1', '0 2']);
  assert.deepEqual(clock.pending(), []);
});

test("a target's delay holds it back in a simring", () => {
  const { clock, log } = start(dialOf({}, [{}, { delay: 3 }]));
  clock.advance(10_000);
  assert.deepEqual(log, ['0 0', '3000 1']);
});

test('hunt rings the next only when nobody rings, after its delay', () => {
  const { clock, log, schedule } = start(dialOf({ strategy: 'hunt' }, [{}, { delay: 2 }, {}]));
  assert.deepEqual(log, ['0 0']);
  clock.advance(7000);
  schedule.idle();
  schedule.idle();
  clock.advance(2000);
  assert.deepEqual(log, ['0 0', '9000 1']);
  schedule.idle();
  assert.deepEqual(log, ['0 0', '9000 1', '9000 2']);
  assert.equal(schedule.waiting, 0);
});

test('stagger rings one every five seconds, sooner when nobody rings', () => {
  const { clock, log, schedule } = start(dialOf({ strategy: 'stagger' }));
  clock.advance(5000);
  assert.deepEqual(log, ['0 0', '5000 1']);
  schedule.idle();
  assert.deepEqual(log, ['0 0', '5000 1', '5000 2']);
  assert.equal(schedule.waiting, 0);
});

test('closing leaves no timer and rings nobody more', () => {
  const { clock, log, schedule } = start(dialOf({ strategy: 'stagger' }));
  schedule.close();
  clock.advance(60_000);
  assert.deepEqual(log, ['0 0']);
  assert.deepEqual(clock.pending(), []);
  schedule.idle();
  assert.deepEqual(log, ['0 0']);
});

test("a hunt without timeouts shares the dial's among its targets, never below five seconds", () => {
  assert.equal(ringSeconds(dialOf({ strategy: 'hunt', timeout: 60 }), 0), 20);
  assert.equal(ringSeconds(dialOf({ strategy: 'hunt', timeout: 6 }), 0), 5);
  assert.equal(ringSeconds(dialOf({ strategy: 'hunt' }, [{ timeout: 9 }, {}]), 0), 9);
  assert.equal(ringSeconds(dialOf({}), 0), undefined);
});
