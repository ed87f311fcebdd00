import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packetMs, Packets } from './packets.ts';

/** Cuts 240 ms, from a timestamp on; the packets as [timestamp, first sample, length]. */
function cut(codec: { rate: number; clockRate: number }, ms: number, start = 1000): number[][] {
  const packets = new Packets(codec, ms);
  const frame = codec.rate / 50;
  const found: number[][] = [];
  for (let n = 0; n < 12; n++) {
    packets.take(
      Int16Array.from({ length: frame }, (_, i) => n * frame + i),
      (start + (n * codec.clockRate) / 50) % 2 ** 32,
    );
    while (packets.next()) found.push([packets.at, packets.samples[0]!, packets.samples.length]);
  }
  return found;
}

for (const ms of [10, 20, 30, 40, 60])
  for (const codec of [
    { rate: 8000, clockRate: 8000 },
    { rate: 16_000, clockRate: 8000 },
    { rate: 8000, clockRate: 48_000 },
  ])
    test(`240 ms at ${codec.rate} Hz are ${240 / ms} packets of ${ms} ms, each where the one before ended`, () => {
      const size = (codec.rate * ms) / 1000;
      const expected = Array.from({ length: 240 / ms }, (_, n) => [
        1000 + (n * codec.clockRate * ms) / 1000,
        n * size,
        size,
      ]);
      assert.deepEqual(cut(codec, ms), expected);
    });

test('a timestamp wraps', () => {
  assert.deepEqual(cut({ rate: 8000, clockRate: 8000 }, 10, 2 ** 32 - 80)[1], [0, 80, 80]);
});

test('what is asked for is shortened to what the codec can do', () => {
  const asked = [1, 10, 15, 20, 30, 35, 60, 200];
  assert.deepEqual(
    asked.map((ms) => packetMs(ms, 'PCMU')),
    [10, 10, 10, 20, 30, 30, 60, 60],
  );
  assert.deepEqual(
    asked.map((ms) => packetMs(ms, 'OPUS')),
    [10, 10, 10, 20, 20, 20, 60, 60],
  );
});

test('after a clear nothing old is left', () => {
  const packets = new Packets({ rate: 8000, clockRate: 8000 }, 40);
  packets.take(new Int16Array(160).fill(1), 0);
  assert.equal(packets.next(), false);
  packets.clear();
  packets.take(new Int16Array(160).fill(2), 500);
  assert.equal(packets.next(), false);
  packets.take(new Int16Array(160).fill(3), 660);
  assert.equal(packets.next(), true);
  assert.deepEqual([packets.at, packets.samples[0], packets.samples[319]], [500, 2, 3]);
});
