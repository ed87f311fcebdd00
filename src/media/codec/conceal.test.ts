import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelDb } from '../tone/goertzel.ts';
import { Concealer } from './conceal.ts';

function tone(rate: number, seconds = 4): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, i) => 8000 * Math.sin((2 * Math.PI * 440 * i) / rate));
}

/** Plays 20 ms frames, losing those `lost` names. */
function play(rate: number, source: Int16Array, lost: (frame: number) => boolean): Int16Array {
  const size = rate / 50;
  const concealer = new Concealer(rate);
  const out = source.slice();
  for (let n = 0; n * size < out.length; n++) {
    const frame = out.subarray(n * size, (n + 1) * size);
    if (lost(n)) assert.equal(concealer.conceal(frame, size), size);
    else concealer.good(frame, size);
  }
  return out;
}

function snr(source: Int16Array, out: Int16Array): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < source.length; i++) {
    signal += source[i]! ** 2;
    noise += (source[i]! - out[i]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

test('a 440 Hz tone with 5 % of its packets lost keeps its level within 1 dB, and 20 dB of SNR', (t) => {
  for (const rate of [8000, 16_000]) {
    const source = tone(rate);
    const out = play(rate, source, (n) => n > 5 && n % 20 === 7);
    const bare = source.slice();
    for (let n = 7; n < 200; n += 20) bare.fill(0, (n * rate) / 50, ((n + 1) * rate) / 50);
    const change = levelDb(out) - levelDb(source);
    t.diagnostic(
      `${rate}: level ${change.toFixed(2)} dB, SNR ${snr(source, out).toFixed(1)} dB (${snr(source, bare).toFixed(1)} bare)`,
    );
    assert.ok(Math.abs(change) < 1, `${change} dB`);
    assert.ok(snr(source, out) > 20, `${snr(source, out)} dB`);
  }
});

test('a loss that goes on is silent after 60 ms', () => {
  const out = play(8000, tone(8000, 1), (n) => n >= 20 && n < 30);
  assert.ok(levelDb(out.subarray(20 * 160, 21 * 160)) > -20);
  assert.equal(levelDb(out.subarray(23 * 160, 30 * 160)), Number.NEGATIVE_INFINITY);
});

test('no sample jumps further than a tone of that level may, but at the join', () => {
  const out = play(8000, tone(8000, 1), (n) => n === 20);
  for (let i = 1; i < out.length; i++) assert.ok(Math.abs(out[i]! - out[i - 1]!) < 4500, String(i));
});

test('a stream that starts with a loss starts with silence', () => {
  const out = play(8000, tone(8000, 1), (n) => n === 0);
  assert.ok(out.subarray(0, 160).every((sample) => sample === 0));
});
