import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sound } from './sound.ts';
import { BIN_HZ, Spectrum } from './spectrum.ts';
import { noise, sequence, silence, speech, tone } from './speechlike.ts';

function spectrumOf(samples: Int16Array): Spectrum {
  const spectrum = new Spectrum();
  for (let at = 0; at + 160 <= samples.length; at += 160) spectrum.push(samples.subarray(at, at + 160));
  return spectrum;
}

test('the power of a tone lies at its bin, and the transform agrees with its definition', () => {
  const samples = sequence([tone([1000], 60)]);
  const { power } = spectrumOf(samples);
  assert.equal(power.indexOf(Math.max(...power)), 1000 / BIN_HZ);
  const last = samples.subarray(samples.length - 256);
  for (const k of [3, 31, 32, 90]) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < 256; i++) {
      const windowed = (last[i]! / 32768) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 256));
      re += windowed * Math.cos((2 * Math.PI * k * i) / 256);
      im -= windowed * Math.sin((2 * Math.PI * k * i) / 256);
    }
    const expected = re * re + im * im;
    assert.ok(Math.abs(power[k]! - expected) <= 1e-9 + 1e-6 * expected, `bin ${k}: ${power[k]} and ${expected}`);
  }
});

test('the lines of tones are found between the bins, one or two of them', () => {
  for (const [low, high] of [
    [440, 0],
    [1633, 0],
    [853, 960],
    [480, 620],
    [350, 440],
  ] as const) {
    const sound = new Sound();
    const samples = sequence([tone(high === 0 ? [low] : [low, high], 100)]);
    for (let at = 0; at + 160 <= samples.length; at += 160) sound.push(samples.subarray(at, at + 160));
    const { strong, weak, both } = sound.peaks;
    const lines = [strong, weak].filter((hz) => hz > 0).toSorted((a, b) => a - b);
    assert.ok(Math.abs(lines[0]! - low) < 6, `${low}: ${lines.join()}`);
    if (high > 0) assert.ok(Math.abs(lines[1]! - high) < 6, `${high}: ${lines.join()}`);
    assert.ok(both > 0.95);
  }
});

test('the level is what it is, and digital silence is told from a quiet line', () => {
  const sound = new Sound();
  sound.push(new Int16Array(160).fill(3277));
  assert.ok(Math.abs(sound.level + 20) < 0.01);
  sound.push(new Int16Array(160));
  assert.deepEqual([sound.empty, sound.lost], [true, 1]);
  sound.push(noise(20, -60));
  assert.deepEqual([sound.empty, sound.lost], [false, 0]);
});

test('noise and speech are not tones', () => {
  for (const samples of [noise(2000, -20), sequence([speech(3000), silence(200)])]) {
    const sound = new Sound();
    let pure = 0;
    for (let at = 0; at + 160 <= samples.length; at += 160) {
      sound.push(samples.subarray(at, at + 160));
      if (sound.peaks.single > 0.9) pure++;
    }
    assert.ok(pure * 160 * 10 < samples.length, `${pure} frames`);
  }
});
