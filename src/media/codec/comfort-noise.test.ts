import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComfortNoise, noiseLevel, writeComfortNoise } from './comfort-noise.ts';

test('RFC 3389 §3: a full-scale square wave is 0, silence is 127', () => {
  assert.equal(noiseLevel(new Int16Array(160).fill(-32_768)), 0);
  assert.equal(noiseLevel(new Int16Array(160)), 127);
  assert.equal(noiseLevel(new Int16Array(0)), 127);
  assert.equal(noiseLevel(new Int16Array(160).fill(3277)), 20);
});

test('noise is rendered within 1 dB of the level told', () => {
  const payload = new Uint8Array(1);
  for (const level of [10, 30, 50, 70]) {
    assert.equal(writeComfortNoise(level, payload, 0), 1);
    const noise = new ComfortNoise(level);
    noise.update(payload, 0, 1);
    const frame = new Int16Array(8000);
    noise.render(frame);
    assert.ok(Math.abs(noiseLevel(frame) - level) <= 1, `${level}: ${noiseLevel(frame)}`);
  }
});

test('a new level is reached within 400 ms and not in one step', () => {
  const noise = new ComfortNoise(3);
  const frame = new Int16Array(160);
  noise.update(Uint8Array.of(60), 0, 1);
  noise.render(frame);
  noise.update(Uint8Array.of(30), 0, 1);
  noise.render(frame);
  assert.ok(noiseLevel(frame) > 35, String(noiseLevel(frame)));
  for (let n = 0; n < 20; n++) noise.render(frame);
  assert.ok(Math.abs(noiseLevel(frame) - 30) <= 1);
});

test('a payload without a byte, or outside its buffer, changes nothing', () => {
  const noise = new ComfortNoise();
  noise.update(new Uint8Array(0), 0, 0);
  noise.update(Uint8Array.of(0), 9, 1);
  noise.update(Uint8Array.of(0), -1, 1);
  const frame = new Int16Array(160).fill(7);
  noise.render(frame);
  assert.equal(noiseLevel(frame), 127);
});
