import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzel } from '../tone/goertzel.ts';
import { Resampler, type SampleRate, sampleRates } from './resampler.ts';

const AMPLITUDE = 10_000;

/** A second of a tone, converted 20 ms at a time; the first 100 ms are left out. */
function convert(from: SampleRate, to: SampleRate, frequency: number): Int16Array {
  const resampler = new Resampler(from, to);
  const frame = new Int16Array(from / 50);
  const out = new Int16Array(to / 50);
  const all = new Int16Array(to);
  for (let n = 0; n < 50; n++) {
    for (let i = 0; i < frame.length; i++) {
      frame[i] = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * frequency * (n * frame.length + i)) / from));
    }
    assert.equal(resampler.process(frame, frame.length, out), to / 50);
    all.set(out, (n * to) / 50);
  }
  return all.subarray(to / 10);
}

function gain(samples: Int16Array): number {
  let total = 0;
  for (const sample of samples) total += sample * sample;
  return 10 * Math.log10((2 * total) / samples.length / AMPLITUDE ** 2 + 1e-12);
}

const pairs = sampleRates.flatMap((from) => sampleRates.map((to) => [from, to] as const)).filter(([a, b]) => a !== b);

test('the pass band is flat within 0.1 dB to 85 % of the lower Nyquist frequency', () => {
  for (const [from, to] of pairs) {
    const edge = Math.min(from, to) / 2;
    for (const share of [0.05, 0.25, 0.5, 0.85]) {
      const frequency = Math.round((edge * share) / 20) * 20;
      const db = gain(convert(from, to, frequency));
      assert.ok(Math.abs(db) < 0.1, `${from} to ${to}, ${frequency} Hz: ${db.toFixed(3)} dB`);
    }
  }
});

test('what would fold is at least 60 dB down', () => {
  for (const [from, to] of pairs.filter(([a, b]) => a > b)) {
    for (const share of [1.0125, 1.15, 1.4]) {
      const frequency = Math.round(((to / 2) * share) / 10) * 10 + 10;
      if (frequency >= from / 2) continue;
      const db = gain(convert(from, to, frequency));
      assert.ok(db < -60, `${from} to ${to}, ${frequency} Hz: ${db.toFixed(1)} dB`);
    }
  }
});

test('images of a tone are at least 60 dB down when the rate rises', () => {
  for (const [from, to] of pairs.filter(([a, b]) => a < b)) {
    const frequency = from / 8;
    const samples = convert(from, to, frequency);
    for (const image of [from - frequency, from + frequency].filter((f) => f < to / 2)) {
      const db = 10 * Math.log10(goertzel(samples, image, to) + 1e-12);
      assert.ok(db < -60, `${from} to ${to}, image ${image} Hz: ${db.toFixed(1)} dB`);
    }
  }
});

test('frames of any length join without a seam', () => {
  const input = Int16Array.from({ length: 1600 }, (_, i) => AMPLITUDE * Math.sin(i / 5));
  const whole = new Int16Array(600);
  const pieces = new Int16Array(600);
  const total = new Resampler(48_000, 16_000, 1600).process(input, 1600, whole);
  const cut = new Resampler(48_000, 16_000);
  let at = 0;
  for (let from = 0, size = 1; from < 1600; from += size, size = (size * 7) % 311) {
    const piece = input.subarray(from, from + size);
    at += cut.process(piece, piece.length, pieces.subarray(at));
  }
  assert.equal(at, total);
  assert.deepEqual(pieces, whole);
});

test('a full-scale square saturates and does not wrap', () => {
  const resampler = new Resampler(8000, 48_000);
  const square = Int16Array.from({ length: 160 }, (_, i) => (i % 40 < 20 ? 32_767 : -32_768));
  const out = new Int16Array(960);
  for (let n = 0; n < 3; n++) resampler.process(square, 160, out);
  for (let i = 1; i < 960; i++) assert.ok(Math.abs(out[i]! - out[i - 1]!) < 32_768, String(i));
});
