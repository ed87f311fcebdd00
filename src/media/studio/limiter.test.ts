import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toneSamples } from '../tone/generate.ts';
import { goertzel } from '../tone/goertzel.ts';
import { Limiter } from './limiter.ts';

function limited(samples: Int16Array, gain: number): Int16Array {
  const limiter = new Limiter();
  const out = new Int16Array(samples.length);
  for (let at = 0; at < samples.length; at += 160)
    limiter.process(
      Float32Array.from(samples.subarray(at, at + 160), (sample) => sample * gain),
      out.subarray(at, at + 160),
    );
  return out;
}

test('what fits goes through bit for bit', () => {
  const samples = toneSamples([440], 200, -3);
  assert.deepEqual(limited(samples, 1), samples);
});

test('forty decibels too much are as loud as can be, and the same tone', () => {
  const out = limited(toneSamples([440], 400, -5), 100);
  assert.ok(goertzel(out.subarray(160), 440) > 0.99);
  assert.ok(out.every((sample) => sample > -32_768));
});

test('no sample has the wrong sign, however sudden the peak', () => {
  const samples = toneSamples([300], 200, -10);
  samples.set(toneSamples([300], 100, 3), 800);
  const out = limited(samples, 8);
  assert.ok(out.every((sample, i) => Math.sign(sample) === Math.sign(samples[i]!) || Math.abs(samples[i]!) < 2));
});

test('after a peak the level comes back within half a second', () => {
  const quiet = toneSamples([440], 1000, -20);
  const samples = Int16Array.from(quiet);
  samples.fill(32_000, 160, 200);
  const out = limited(samples, 2);
  for (let i = 5000; i < 8000; i++) assert.ok(Math.abs(out[i]! - 2 * quiet[i]!) <= 8);
});
