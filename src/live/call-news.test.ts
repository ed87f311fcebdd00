import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../base/index.ts';
import type { LiveCall } from '../ports/index.ts';
import { CallNews } from './call-news.ts';

const callOf = (callSid: string, session?: string): LiveCall => {
  const call = { callSid, accountSid: 'A', node: 'a', startedAt: 5 };
  return session === undefined ? call : { session, ...call };
};

/** What Redis was told in one step each, and what is kept for later. */
function telling() {
  const clock = new FakeClock();
  const steps: string[] = [];
  const later: string[] = [];
  const redis = { heard: true, away: false, answers: Promise.resolve() };
  const news = new CallNews({
    clock,
    node: 'a',
    shared: {
      get heard() {
        return redis.heard;
      },
      ask: async (_name, ...words) => {
        if (redis.away) return undefined;
        steps.push(words.join(' '));
        await redis.answers;
        return redis.away ? undefined : 'kept';
      },
      later: (change) => void later.push(`${change.kind} ${'call' in change ? change.call.callSid : ''}`.trim()),
    },
  });
  const pass = async (): Promise<void> => {
    clock.advance(50);
    for (let n = 0; n < 10; n++) await turn();
  };
  const put = (sid: string, session?: string) => news.add({ kind: 'put', call: callOf(sid, session) }, true);
  const remove = (callSid: string) => news.add({ kind: 'remove', callSid }, false);
  return { clock, steps, later, redis, news, pass, put, remove };
}

test('what comes within a moment is told in one step, of each call the last word; who waits hears when it was', async () => {
  const { clock, steps, pass, put, remove } = telling();
  const told = [put('c1'), put('c2', 'c1'), put('c2')];
  await pass();
  assert.deepEqual(steps.splice(0), ['c1 A a 5  c2 A a 5 ']);
  await Promise.all(told);
  void remove('c1');
  void remove('c2');
  await pass();
  assert.deepEqual(steps, ['c1  a   c2  a  ']);
  assert.deepEqual(clock.pending(), []);
});

test('a call that is over before Redis heard of it is not told, unless Redis may have heard of it otherwise', async () => {
  const { clock, steps, redis, pass, put, remove } = telling();
  const told = put('short');
  await remove('short');
  await pass();
  await told;
  assert.deepEqual(steps, []);
  redis.heard = false;
  void put('again');
  void remove('again');
  await pass();
  assert.deepEqual(steps, ['again  a  ']);
  assert.deepEqual(clock.pending(), []);
});

test('one step at a time: what Redis did not take is kept before what came after it', async () => {
  const { clock, steps, later, redis, news, pass, put, remove } = telling();
  let fail = (): void => {};
  redis.answers = new Promise((resolve) => (fail = resolve));
  const told = put('c1');
  await pass();
  void remove('c1');
  await pass();
  assert.deepEqual(steps, ['c1 A a 5 ']);
  redis.away = true;
  fail();
  await told;
  await news.close();
  assert.deepEqual(later, ['put c1', 'remove']);
  void put('too late');
  assert.deepEqual(clock.pending(), []);
});
