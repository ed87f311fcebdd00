import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createPcmRing, PcmRingReader, PcmRingWriter } from './pcm-ring.ts';

const ramp = (from: number, count: number) => Int16Array.from({ length: count }, (_, i) => (from + i) % 30_000);

test('what is written is read, in order, across the end of the memory', () => {
  const memory = createPcmRing({ rate: 8000, channels: 1 }, 0.05);
  const writer = new PcmRingWriter(memory);
  const reader = new PcmRingReader(memory);
  const target = new Int16Array(160);
  for (let i = 0; i < 100; i++) {
    writer.write(ramp(i * 160, 160));
    assert.equal(reader.read(target), 160);
    assert.deepEqual(target, ramp(i * 160, 160));
  }
  assert.equal(reader.read(target), 0);
  assert.equal(reader.dropped, 0);
});

test('a slow reader loses the oldest and is told how much', () => {
  const memory = createPcmRing({ rate: 8000, channels: 2 }, 0.1);
  const writer = new PcmRingWriter(memory);
  const reader = new PcmRingReader(memory);
  const frames = reader.capacity + 500;
  for (let i = 0; i < frames; i += 100) writer.write(ramp(i * 2, 200));
  const target = new Int16Array(2);
  assert.equal(reader.read(target), 1);
  assert.equal(reader.dropped + reader.capacity, frames + (frames % 100 === 0 ? 0 : 100 - (frames % 100)));
  assert.equal(target[0], (reader.dropped * 2) % 30_000);
});

test('the index may wrap at 2^32', () => {
  const memory = createPcmRing({ rate: 8000, channels: 1 }, 0.05);
  new Int32Array(memory)[0] = -80;
  const reader = new PcmRingReader(memory, 'now');
  new PcmRingWriter(memory).write(ramp(0, 160));
  const target = new Int16Array(160);
  assert.equal(reader.read(target), 160);
  assert.deepEqual(target, ramp(0, 160));
});

test('skip leaves only the newest', () => {
  const memory = createPcmRing({ rate: 8000, channels: 1 }, 0.1);
  const writer = new PcmRingWriter(memory);
  const reader = new PcmRingReader(memory);
  writer.write(ramp(0, 480));
  reader.skip(160);
  const target = new Int16Array(480);
  assert.equal(reader.read(target), 160);
  assert.equal(target[0], 320);
  assert.equal(reader.dropped, 0);
});

test('another thread writes as fast as it can: whatever is read was never torn', async () => {
  const memory = createPcmRing({ rate: 8000, channels: 1 }, 0.1);
  const code = `const { workerData } = require('node:worker_threads');
    const header = new Int32Array(workerData, 0, 8), samples = new Int16Array(workerData, 32);
    for (let frame = 0; frame < 200000; frame++) {
      const at = (Atomics.load(header, 0) >>> 0) % header[4];
      for (let i = 0; i < 128; i++) samples[at + i] = frame % 30000;
      Atomics.add(header, 0, 128);
    }
    Atomics.store(header, 1, 1);`;
  const worker = new Worker(code, { eval: true, workerData: memory });
  const reader = new PcmRingReader(memory);
  const target = new Int16Array(128);
  let read = 0;
  await new Promise<void>((resolve) => {
    const look = () => {
      while (reader.read(target) > 0) read++;
      if (reader.closed) resolve();
      else setImmediate(look);
    };
    look();
  });
  await worker.terminate();
  assert.ok(read > 0);
  assert.equal((reader.dropped + read * 128) % 128, 0);
});
