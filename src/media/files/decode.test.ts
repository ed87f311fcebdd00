import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { goertzel } from '../tone/goertzel.ts';
import { decodeSound } from './decode.ts';
import { mp3Layout } from './mp3-frames.ts';
import { resample } from './resample.ts';
import { type ByteSource, SoundFault, writeWav } from './wav.ts';

const file = (name: string): Buffer => readFileSync(new URL(`testdata/${name}`, import.meta.url));
const source = (bytes: Buffer): ByteSource => ({
  size: bytes.length,
  read: (at, length) => bytes.subarray(Math.min(at, bytes.length), at + length),
});

/** All of it, at 8 kHz. */
async function decoded(bytes: Buffer): Promise<{ rate: number; length: number; samples: Int16Array }> {
  const decoding = await decodeSound(source(bytes));
  const pieces: number[] = [];
  for (let piece = decoding.next(); piece !== undefined; piece = decoding.next()) pieces.push(...piece);
  decoding.close();
  const { rate, length } = decoding;
  return { rate, length, samples: resample(Int16Array.from(pieces), rate, 8000) };
}

for (const [name, rate] of [
  ['stereo-44100.mp3', 44_100],
  ['mono-22050.mp3', 22_050],
  ['vbr-48000.mp3', 48_000],
  ['mono-8000.mp3', 8000],
] as const) {
  test(`${name} is known by its frames, decoded, and as long as they say`, async () => {
    const { samples, length, ...sound } = await decoded(file(name));
    assert.equal(sound.rate, rate);
    assert.ok(goertzel(samples.subarray(800, 3200), 440) > 0.95);
    const seconds = samples.length / 8000;
    assert.ok(seconds > 0.45 && seconds < 0.7, `${seconds} s`);
    assert.ok(length / rate >= seconds - 0.001, `${length / rate} s of room for ${seconds} s`);
  });
}

test('an MP3 with junk before, within and behind it is played as far as it goes', async () => {
  const good = file('mono-22050.mp3');
  const junk = Buffer.alloc(3000, 'junk');
  const { samples } = await decoded(
    Buffer.concat([junk, good.subarray(0, 700), junk.subarray(0, 50), good.subarray(700), junk]),
  );
  assert.ok(samples.length > 2400, String(samples.length));
});

test('what is neither WAV nor MP3 is refused, whatever it calls itself', async () => {
  const page = Buffer.from('<!doctype html><title>404</title>'.repeat(50));
  const list = Buffer.from('#EXTM3U\nhttp://127.0.0.1/next.m3u\n');
  const tagged = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x0f\0', 'latin1'), page]);
  for (const bytes of [page, list, tagged, Buffer.alloc(0), Buffer.alloc(50_000, 0xff), Buffer.alloc(50_000)])
    await assert.rejects(decodeSound(source(bytes)), (fault) => fault instanceof SoundFault);
});

test('attack D4: ten hours are refused by their frames, before anything is decoded', () => {
  const [frame] = [file('mono-8000.mp3').subarray(-72)];
  const layout = mp3Layout(source(Buffer.concat(Array.from({ length: 20 }, () => frame ?? Buffer.alloc(0)))));
  assert.ok(layout !== undefined);
  // A file of the same frame over and over, without the memory for it.
  const endless: ByteSource = {
    size: 2 ** 31,
    read: (at, length) => {
      const from = at % frame!.length;
      return Buffer.concat([frame!, frame!, frame!]).subarray(from, from + Math.min(length, 72));
    },
  };
  assert.throws(() => mp3Layout(endless), /longer than 3600 s/);
});

test('noise in a file never does worse than a SoundFault or a bad sound', async () => {
  const random = new SeededRandom(7);
  const files = [
    file('stereo-44100.mp3'),
    file('vbr-48000.mp3'),
    writeWav({ rate: 8000, channels: [new Int16Array(300)] }),
  ];
  for (let i = 0; i < 60; i++) {
    const bytes = Buffer.from(files[i % files.length]!);
    for (let n = 0; n < 1 + random.integer(200); n++) bytes[random.integer(bytes.length)] = random.integer(256);
    try {
      await decoded(bytes.subarray(0, random.integer(bytes.length + 1)));
    } catch (fault) {
      assert.ok(fault instanceof SoundFault, String(fault));
    }
  }
});
