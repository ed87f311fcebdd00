import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeG711 } from '../codec/g711.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';
import { Recorder } from './recorder.ts';

const tone = encodeG711('PCMU', toneSamples([500], 20));

function channels(stereo: Int16Array): [Int16Array, Int16Array] {
  return [stereo.filter((_, i) => i % 2 === 0), stereo.filter((_, i) => i % 2 === 1)];
}

test('each channel has its own sound in its own place, silence elsewhere', () => {
  const recorder = new Recorder(0, 60);
  for (let i = 0; i < 25; i++) recorder.add(0, 'PCMU', tone, 0, 160, 7000 + i * 160, 1, i * 20);
  for (let i = 0; i < 25; i++) recorder.add(1, 'PCMU', tone, 0, 160, 90 + i * 160, 2, 500 + i * 20);
  const [left, right] = channels(recorder.take(1000, true)!);
  assert.equal(left.length, 8000);
  assert.ok(goertzel(left.subarray(0, 4000), 500) > 0.9);
  assert.equal(levelDb(left.subarray(4000)), Number.NEGATIVE_INFINITY);
  assert.equal(levelDb(right.subarray(0, 4000)), Number.NEGATIVE_INFINITY);
  assert.ok(goertzel(right.subarray(4000), 500) > 0.9);
});

test('packets that arrive late and out of order are put in place by their timestamps', () => {
  const recorder = new Recorder(0, 60);
  const whole = encodeG711('PCMU', toneSamples([500], 400));
  const order = [0, 2, 1, 4, 3, 5, 8, 7, 6, 9, 11, 10, 12, 13, 15, 14, 16, 17, 18, 19];
  for (const [at, i] of order.entries()) recorder.add(0, 'PCMU', whole, i * 160, 160, i * 160, 1, at * 20);
  const [left] = channels(recorder.take(400, true)!);
  assert.ok(goertzel(left, 500) > 0.97);
});

test('a far end whose clock leaps or whose stream is new is aligned by arrival', () => {
  const recorder = new Recorder(0, 60);
  recorder.add(0, 'PCMU', tone, 0, 160, 0, 1, 0);
  recorder.add(0, 'PCMU', tone, 0, 160, 4_000_000_000, 1, 500);
  recorder.add(0, 'PCMU', tone, 0, 160, 17, 9, 900);
  const [left] = channels(recorder.take(1000, true)!);
  for (const ms of [0, 500, 900]) assert.ok(levelDb(left.subarray(ms * 8, ms * 8 + 160)) > -20, String(ms));
  assert.equal(levelDb(left.subarray(200, 3900)), Number.NEGATIVE_INFINITY);
});

test('chunks follow each other without gap, leave time for late packets, and end at the limit', () => {
  const recorder = new Recorder(0, 2);
  let total = 0;
  for (let now = 0; now <= 4000; now += 100) {
    for (let i = 0; i < 5; i++) recorder.add(0, 'PCMU', tone, 0, 160, (now / 20 + i) * 160, 1, now + i * 20);
    const chunk = recorder.take(now, false);
    if (chunk !== undefined) total += chunk.length / 2;
    if (recorder.full) break;
  }
  assert.equal(total, 16_000);
  assert.equal(recorder.full, true);
});

test('nonsense timestamps and sizes stay inside the window', () => {
  const recorder = new Recorder(0, 60);
  for (const [timestamp, now] of [
    [0, 0],
    [-1 >>> 0, 1],
    [5000, 100_000],
    [0x7fffffff, 2],
  ] as const) {
    recorder.add(1, 'PCMA', new Uint8Array(1400), 0, 1400, timestamp, 1, now);
  }
  assert.equal(recorder.take(100, true)!.length, 1600);
});
