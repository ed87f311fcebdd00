import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_ENTRIES, QualityHistory, type Running } from './history.ts';

const running = (packets: number, lost = 0, jitterMs: number | undefined = 1): Running => ({
  packets,
  lost,
  jitterMs,
  roundTripMs: undefined,
});
const mos = (lossPercent: number): number => 4.4 - lossPercent / 10;

test('an entry a second from the first packet on; loss shows in its own second', () => {
  const history = new QualityHistory();
  history.tick(0, 100, running(0), mos);
  assert.equal(history.read(), undefined);
  history.tick(500, 600, running(1), mos);
  history.tick(1000, 1100, running(25), mos);
  assert.equal(history.empty, true, 'the first second is not over');
  history.tick(1500, 1600, running(50), mos);
  history.tick(2500, 2600, running(95, 5), mos);
  history.tick(3500, 3600, running(95, 5), mos);
  history.tick(4500, 4600, running(145, 4), mos);
  assert.deepEqual(history.read(), {
    since: 600,
    secondsEach: 1,
    received: [50, 45, 0, 50],
    lost: [0, 5, 0, 0],
    jitterMs: [1, 1, null, 1],
    roundTripMs: [null, null, null, null],
    mos: [4.4, 3.4, null, 4.4],
  });
});

test('a long call keeps no more entries than a short one, and no packet is forgotten', () => {
  const history = new QualityHistory();
  const seconds = MOST_ENTRIES * 5;
  for (let i = 0; i <= seconds; i++) history.tick(i * 1000, i * 1000, running(1 + i * 50, i), mos);
  const read = history.read();
  assert.ok(read !== undefined && read.received.length <= MOST_ENTRIES);
  assert.equal(read.secondsEach, 8);
  const sum = read.received.reduce((all, each) => all + each, 0);
  assert.ok(sum > (seconds - read.secondsEach) * 50 && sum <= 1 + seconds * 50);
});

test('a machine that stood still leaves one entry for all of it', () => {
  const history = new QualityHistory();
  history.tick(0, 0, running(1), mos);
  history.tick(1000, 1000, running(50), mos);
  history.tick(61_000, 61_000, running(100), mos);
  history.tick(61_100, 61_100, running(105), mos);
  assert.deepEqual(history.read()?.received, [50, 50]);
});
