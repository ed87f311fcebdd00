import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resample } from './resample.ts';

const AMPLITUDE = 10_000;

function tone(hz: number, rate: number): Int16Array {
  return Int16Array.from({ length: rate }, (_, i) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rate)));
}

/** dB of the tone over all that is not the tone where it should be, the ends left out. */
function snr(made: Int16Array, wanted: Int16Array): number {
  let [signal, noise] = [0, 0];
  for (let i = wanted.length / 10; i < wanted.length * 0.9; i++) {
    signal += wanted[i]! ** 2;
    noise += (made[i]! - wanted[i]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

test('a tone comes out as itself, where it was: at least 70 dB above all else, from any rate to any', () => {
  for (const [from, to] of [
    [44_100, 8000],
    [44_100, 48_000],
    [22_050, 16_000],
    [11_025, 8000],
    [8000, 16_000],
    [8000, 48_000],
    [48_000, 8000],
    [96_000, 16_000],
  ] as const)
    for (const hz of [300, 1000, 3000]) {
      const made = resample(tone(hz, from), from, to);
      const db = snr(made, tone(hz, to));
      assert.ok(db > 70, `${from} to ${to}, ${hz} Hz: ${db.toFixed(1)} dB`);
      assert.equal(made.length, to);
    }
});

test('nothing, and less than a filter is long, come out as long as they are', () => {
  assert.equal(resample(new Int16Array(0), 44_100, 8000).length, 0);
  assert.equal(resample(new Int16Array(10), 48_000, 8000).length, 2);
  assert.equal(resample(new Int16Array(3), 8000, 48_000).length, 18);
});
