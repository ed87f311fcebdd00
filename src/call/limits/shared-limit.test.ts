// One limit, several nodes: when a node may begin a call by itself, when it asks, and what it does when nobody answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import type { LimitAnswer } from '../../ports/index.ts';
import { SharedLimit, type Verdict } from './shared-limit.ts';
import { SharedLimits } from './shared-limits.ts';
import { StandIn } from './stand-in.test.ts';

function start(limits: { maxCalls?: number; maxCps?: number }) {
  const clock = new FakeClock();
  const live = new StandIn();
  const state = { running: 0 };
  const limit = new SharedLimit({ clock, live, name: 'account A', running: () => state.running });
  const given = { maxCalls: limits.maxCalls, maxCps: limits.maxCps };
  const begin = async (): Promise<Verdict> => {
    const verdict = await limit.begin(given);
    if (verdict === 'yes') state.running++;
    return verdict;
  };
  const waits = () => limit.begin(given) instanceof Promise;
  return { clock, live, state, limit, given, begin, waits };
}

const answer = (more: Partial<LimitAnswer>) => (): Promise<LimitAnswer> =>
  Promise.resolve({ verdict: 'yes', others: 0, starts: 0, waitMs: 0, ...more });

test('a small limit is always asked for; who is refused is not asked for again at once', async () => {
  const { clock, live, begin } = start({ maxCalls: 3 });
  assert.equal(await begin(), 'yes');
  live.answer = answer({ verdict: 'calls', others: 2 });
  assert.equal(await begin(), 'calls');
  assert.equal(await begin(), 'calls');
  assert.equal(live.asked.length, 2);
  clock.advance(250);
  assert.equal(await begin(), 'calls');
  assert.equal(live.asked.length, 3);
  assert.deepEqual(live.asked.at(-1), {
    name: 'account A',
    maxCalls: 3,
    maxCps: undefined,
    running: 1,
    mode: 'ask',
    line: [],
  });
});

test('what is full here is refused here', async () => {
  const { live, state, begin } = start({ maxCalls: 2 });
  state.running = 2;
  assert.equal(await begin(), 'calls');
  assert.deepEqual(live.asked, []);
});

test('far from a large limit a call begins at once and is told of, at most a tenth of the limit on one picture', async () => {
  const { live, limit, begin, waits } = start({ maxCalls: 40 });
  limit.seen({ others: 10, starts: 0 });
  live.answer = () => new Promise(() => {});
  for (let n = 0; n < 4; n++) assert.equal(await begin(), 'yes');
  assert.deepEqual(new Set(live.asked.map(({ mode }) => mode)), new Set(['tell']));
  assert.ok(waits(), 'the fifth waits for an answer');
});

test('past half of the limit, and on an old picture, Redis is asked', async () => {
  const { clock, limit, waits } = start({ maxCalls: 40 });
  limit.seen({ others: 20, starts: 0 });
  assert.ok(waits());
  limit.seen({ others: 1, starts: 0 });
  clock.advance(1_501);
  assert.ok(waits());
});

test('max_cps: who is told when the next may begin asks no sooner', async () => {
  const { clock, live, limit, given, begin } = start({ maxCps: 5 });
  live.answer = answer({ verdict: 'cps', starts: 5, waitMs: 400 });
  assert.equal(await begin(), 'cps');
  assert.equal(limit.waitFor('cps', given), 400);
  live.answer = answer({ starts: 5 });
  clock.advance(399);
  assert.equal(await begin(), 'cps');
  clock.advance(1);
  assert.equal(await begin(), 'yes');
  assert.equal(live.asked.length, 2);
});

test('while Redis is away each node has its share', async () => {
  const { live, begin, clock } = start({ maxCalls: 4, maxCps: 2 });
  live.figures = { ...live.figures, up: false, nodes: 1 };
  assert.equal(await begin(), 'yes');
  assert.equal(await begin(), 'cps', 'half of two a second');
  clock.advance(1_000);
  assert.equal(await begin(), 'yes');
  clock.advance(1_000);
  assert.equal(await begin(), 'calls', 'half of four');
  assert.deepEqual(live.asked, []);
});

test('when Redis goes away while it is asked, the share decides', async () => {
  const { live, begin } = start({ maxCalls: 4 });
  const waiting: ((answer: undefined) => void)[] = [];
  live.answer = () => new Promise((resolve) => waiting.push(resolve));
  const three = [begin(), begin(), begin()];
  live.figures = { ...live.figures, up: false, nodes: 1 };
  for (const lose of waiting) lose(undefined);
  assert.deepEqual((await Promise.all(three)).toSorted(), ['calls', 'yes', 'yes']);
});

test('a call that ended here makes room at once', async () => {
  const { live, state, limit, begin } = start({ maxCalls: 3 });
  state.running = 2;
  live.answer = answer({ verdict: 'calls', others: 1 });
  assert.equal(await begin(), 'calls');
  state.running = 1;
  limit.ended();
  live.answer = answer({ others: 1 });
  assert.equal(await begin(), 'yes');
});

test('what is told of a limit while a place is asked for counts that place: Redis has given it already', async () => {
  const clock = new FakeClock();
  const live = new StandIn();
  const limits = new SharedLimits({ clock, live });
  let running = 1;
  const limit = limits.of('account A', () => running);
  const asking = limit.begin({ maxCalls: 3, maxCps: undefined });
  running = 0;
  limits.ended('account A');
  assert.deepEqual(live.told, [['account A', 1]]);
  assert.equal(live.counts?.running('account A'), 1, 'nor does the heartbeat forget it');
  assert.equal(await asking, 'yes');
});

test('a node that is alone with Redis asks nobody, but tells', async () => {
  const { live, begin } = start({ maxCalls: 2 });
  live.figures = { ...live.figures, nodes: 1, known: 1 };
  assert.deepEqual([await begin(), await begin(), await begin()], ['yes', 'yes', 'calls']);
  assert.deepEqual(
    live.asked.map(({ mode }) => mode),
    ['tell', 'tell'],
  );
});

test('who is told that somebody at another node comes first asks again soon, and not at once', async () => {
  const { clock, live, limit, given, begin } = start({ maxCalls: 3 });
  live.answer = answer({ verdict: 'line', others: 2 });
  assert.equal(await begin(), 'line');
  assert.equal(await begin(), 'line');
  assert.equal(live.asked.length, 1);
  const ms = limit.waitFor('line', given) ?? Infinity;
  assert.ok(ms < 100);
  clock.advance(ms);
  live.answer = answer({ others: 2 });
  assert.equal(await begin(), 'yes');
});
