import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { goertzel } from '../tone/goertzel.ts';
import { G722Decoder, G722Encoder } from './g722.ts';

const RATE = 16_000;

function tone(frequency: number, samples: number, amplitude = 8000): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / RATE));
}

function noise(samples: number, seed = 1): Int16Array {
  let state = seed;
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 17;
  });
}

function encode(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length / 2);
  assert.equal(new G722Encoder().encode(samples, bytes, 0), bytes.length);
  return bytes;
}

function decode(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length * 2);
  assert.equal(new G722Decoder().decode(bytes, 0, bytes.length, samples), samples.length);
  return samples;
}

/** Tone power against all other power, dB, after the filters have filled. */
function purity(samples: Int16Array, frequency: number): number {
  const share = goertzel(samples.subarray(1600), frequency, RATE);
  return 10 * Math.log10(share / (1 - share));
}

test('a tone of 1, 3 or 6 kHz comes out as itself', () => {
  for (const [frequency, least] of [
    [1000, 30],
    [3000, 30],
    [6000, 15],
  ] as const) {
    const snr = purity(decode(encode(tone(frequency, RATE))), frequency);
    assert.ok(snr >= least, `${frequency} Hz: ${snr.toFixed(1)} dB`);
  }
});

function ffmpeg(args: string[], input: ArrayBufferView): Uint8Array | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const run = spawnSync('ffmpeg', ['-loglevel', 'error', ...args, 'pipe:1'], { input: bytes, maxBuffer: 1 << 26 });
  return run.status === 0 ? run.stdout : undefined;
}

const signal = new Int16Array([...tone(1000, RATE), ...tone(6500, RATE, 20_000), ...noise(RATE)]);

test('the bytes are those of ffmpeg', (t) => {
  const theirs = ffmpeg(['-f', 's16le', '-ar', '16000', '-ac', '1', '-i', 'pipe:0', '-f', 'g722'], signal);
  if (theirs === undefined) return t.skip('ffmpeg with g722 is not here');
  assert.deepEqual(encode(signal), Uint8Array.from(theirs.subarray(0, signal.length / 2)));
});

test('the samples are those of ffmpeg', (t) => {
  const bytes = encode(signal);
  const theirs = ffmpeg(['-f', 'g722', '-i', 'pipe:0', '-f', 's16le'], bytes);
  if (theirs === undefined) return t.skip('ffmpeg with g722 is not here');
  const ours = decode(bytes);
  assert.deepEqual(new Uint8Array(ours.buffer), Uint8Array.from(theirs.subarray(0, ours.byteLength)));
});

test('random bytes never throw, nor do frames longer than the room for them', () => {
  const bytes = new Uint8Array(noise(8000, 7).buffer);
  decode(bytes);
  const decoder = new G722Decoder();
  assert.equal(decoder.decode(bytes, 0, 160, new Int16Array(100)), 100);
  assert.equal(decoder.decode(bytes, bytes.length, 160, new Int16Array(320)), 0);
});
