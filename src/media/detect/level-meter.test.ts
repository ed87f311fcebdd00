import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLOOR_DB, LevelMeter } from './level-meter.ts';

function levels(amplitude: number, frames: number): number[] {
  const told: number[] = [];
  const meter = new LevelMeter((db) => told.push(db));
  for (let n = 0; n < frames; n++)
    meter.hear(Int16Array.from({ length: 160 }, (_, i) => Math.round(amplitude * Math.sin((i * Math.PI) / 4))));
  return told;
}

test('a full sine is -3 dBFS, a tenth of it 20 dB less, silence the floor; five figures a second', () => {
  assert.deepEqual(levels(32_767, 50), [-3, -3, -3, -3, -3]);
  assert.deepEqual(levels(3276.7, 10), [-23]);
  assert.deepEqual(levels(0, 19), [FLOOR_DB]);
});
