import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FakeClock, SystemClock } from '../../base/index.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel } from '../tone/goertzel.ts';
import { Library } from './library.ts';
import type { SharedSound } from './shared-sound.ts';
import { writeWav } from './wav.ts';

const folder = mkdtempSync(join(tmpdir(), 'graine-library-'));
const clock = new SystemClock();
const library = new Library(clock);
after(async () => {
  await library.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(clock.pending(), []);
});

async function loaded(path: string, rate = 8000): Promise<SharedSound> {
  const answer = await library.load({ path: path }, rate);
  if ('error' in answer) assert.fail(answer.error);
  return answer.sound;
}

async function whole(sound: SharedSound): Promise<Int16Array> {
  while (!sound.ended) await new Promise((resolve) => setTimeout(resolve, 5));
  return sound.samples.subarray(0, sound.ready);
}

test('an MP3 by any name is a sound at the rate that was asked for', async () => {
  const path = join(folder, 'music.wav');
  writeFileSync(path, readFileSync(new URL('testdata/stereo-44100.mp3', import.meta.url)));
  for (const rate of [8000, 16_000, 48_000]) {
    const sound = await loaded(path, rate);
    const samples = await whole(sound);
    assert.equal(sound.rate, rate);
    assert.ok(samples.length > 0.45 * rate && samples.length < 0.7 * rate, String(samples.length));
    assert.ok(goertzel(samples.subarray(rate / 10, rate / 2.5), 440, rate) > 0.95);
  }
});

test('a long file may be played before it is decoded, and is decoded once', async () => {
  const path = join(folder, 'long.wav');
  const second = toneSamples([500], 1000);
  const long = new Int16Array(8000 * 1800);
  for (let i = 0; i < 1800; i++) long.set(second, i * 8000);
  writeFileSync(path, writeWav({ rate: 8000, channels: [long] }));
  // Half an hour at another rate is seconds of work.
  const early = await loaded(path, 16_000);
  assert.equal(early.ended, false);
  assert.ok(early.ready >= 32_000);
  const sound = await loaded(path);
  assert.deepEqual(await whole(sound), long);
  // One memory: what is written to one view is seen in the other.
  const again = await loaded(path);
  again.samples[77] = 12_345;
  assert.equal(sound.samples[77], 12_345);
});

test('a file that changed is read anew', async () => {
  const path = join(folder, 'news.wav');
  writeFileSync(path, writeWav({ rate: 8000, channels: [toneSamples([400], 100)] }));
  assert.equal((await whole(await loaded(path))).length, 800);
  writeFileSync(path, writeWav({ rate: 8000, channels: [toneSamples([400], 200)] }));
  assert.equal((await whole(await loaded(path))).length, 1600);
});

test('what cannot be decoded is a fault for whoever asked and for nobody else', async () => {
  const bad = join(folder, 'bad.mp3');
  const good = join(folder, 'good.wav');
  writeFileSync(bad, 'this is no sound');
  writeFileSync(good, writeWav({ rate: 8000, channels: [toneSamples([400], 100)] }));
  const [refused, sound] = await Promise.all([library.load({ path: bad }, 8000), loaded(good)]);
  assert.deepEqual(refused, { error: 'neither WAV nor MP3' });
  assert.equal((await whole(sound)).length, 800);
});

test('when the decoder is ended in the middle, what plays from it ends too', async () => {
  const other = new Library(clock);
  const sound = await other.load({ path: join(folder, 'long.wav') }, 8000);
  assert.ok('sound' in sound);
  const late = other.load({ path: join(folder, 'long.wav') }, 16_000);
  await other.close();
  assert.ok('error' in (await late));
  assert.equal(sound.sound.ended, true);
});

test('attack D4: a decoder that shows no life is ended; who waits is told, and the next sound has a new one', async () => {
  const fake = new FakeClock();
  const other = new Library(fake);
  const first = other.load({ path: join(folder, 'long.wav') }, 48_000);
  // No time passes for the thread itself.
  fake.advance(25_000);
  assert.deepEqual(await first, { error: 'the decoder stood still for 20 s' });
  const next = await other.load({ path: join(folder, 'good.wav') }, 8000);
  assert.ok('sound' in next);
  await other.close();
  assert.deepEqual(fake.pending(), []);
});

test('attack D4: a pipe, a device or a folder is no sound and keeps nobody waiting', async () => {
  const pipe = join(folder, 'pipe.wav');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  for (const path of [pipe, '/dev/zero', folder])
    assert.deepEqual(await library.load({ path: path }, 8000), { error: 'not a plain file' });
});
