import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf, responseToCaller, type TargetResult } from './outcome.ts';

const of = (status: TargetResult['status'], sipStatus: number): TargetResult => ({
  status,
  sipStatus,
  sipReason: `r${sipStatus}`,
});
const short = (results: TargetResult[], end: Parameters<typeof outcomeOf>[1] = 'exhausted') => {
  const { status, sipStatus } = outcomeOf(results, end);
  return `${status} ${sipStatus}`;
};

test('any no-answer makes the dial no-answer, in whatever order they came', () => {
  const results = [of('busy', 486), of('no-answer', 487), of('failed', 404)];
  for (const order of [results, results.toReversed()]) assert.match(short(order), /^no-answer/);
});
test('without a no-answer, any busy makes it busy', () =>
  assert.equal(short([of('failed', 404), of('busy', 486)]), 'busy 404'));
test('only failures make it failed, with the best of their codes', () => {
  assert.equal(short([of('failed', 503), of('failed', 404)]), 'failed 404');
  assert.equal(short([of('failed', 404), of('failed', 603)]), 'failed 603');
});
test('a ring timeout is always no-answer and 487', () =>
  assert.equal(short([of('no-answer', 487), of('failed', 404)], 'timeout'), 'no-answer 487'));
test('a ring timeout with every target still waiting for capacity is queued', () => {
  assert.equal(short([of('queued', 503), of('queued', 503)], 'timeout'), 'queued 503');
});
test('one that rang and one that waited are no-answer', () => {
  assert.equal(short([of('queued', 503), of('no-answer', 487)], 'timeout'), 'no-answer 487');
});
test('a dial without targets failed', () => assert.match(short([], 'error'), /^failed/));

const reply = (results: TargetResult[], targets: number, end: Parameters<typeof outcomeOf>[1] = 'exhausted') =>
  responseToCaller(outcomeOf(results, end), targets).sipStatus;
test("one target's own code reaches a caller who was never answered", () =>
  assert.equal(reply([of('failed', 404)], 1), 404));
test('a reason of ours stays with the application', () => {
  const outcome = outcomeOf(
    [{ status: 'failed', sipStatus: 404, sipReason: "no carrier is named 'acme'" }],
    'exhausted',
  );
  assert.deepEqual(responseToCaller(outcome, 1, true), { sipStatus: 404, sipReason: undefined });
});
test('several targets: the caller hears what the outcome means', () => {
  assert.equal(reply([of('busy', 486), of('failed', 404)], 2), 486);
  assert.equal(reply([of('failed', 404), of('failed', 404)], 2), 503);
});
test('nobody answered in time: 480, never 487', () => assert.equal(reply([of('no-answer', 487)], 1, 'timeout'), 480));
test("a carrier's challenge is not passed on", () => assert.equal(reply([of('failed', 407)], 1), 503));
