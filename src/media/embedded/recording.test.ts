import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PCMA, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { encodeG711 } from '../codec/g711.ts';
import { readWav } from '../files/wav.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';

const folder = mkdtempSync(join(tmpdir(), 'graine-recording-'));
const engine = await testEngine();
const phones: TestPhone[] = [];
let number = 0;
after(async () => {
  for (const each of phones) each.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function call() {
  const session = `s${++number}`;
  const ends = [];
  for (const [i, payload] of [PCMU, PCMA].entries()) {
    const phone = await TestPhone.open();
    phones.push(phone);
    const endpoint = `${session}${i}`;
    const at = await engine.open({ session, endpoint });
    await engine.configure(endpoint, phone.settings([payload]));
    ends.push({ phone, endpoint, at });
  }
  const [a, b] = ends as [(typeof ends)[0], (typeof ends)[0]];
  await engine.bridge(a.endpoint, b.endpoint);
  return { session, a, b };
}

/** Sends 20 ms packets of two tones at their time, one from each side; says when the right side began, ms. */
async function talk({ a, b }: Awaited<ReturnType<typeof call>>, packets: number): Promise<number> {
  const left = encodeG711('PCMU', toneSamples([500], packets * 20));
  const right = encodeG711('PCMA', toneSamples([1200], packets * 20));
  const start = performance.now();
  let rightAt = 0;
  for (let i = 0; i < packets; i++) {
    await a.phone.send(a.at, 0, left.subarray(i * 160, i * 160 + 160));
    if (rightAt === 0 && i >= packets / 2) rightAt = performance.now() - start;
    if (i >= packets / 2) await b.phone.send(b.at, 8, right.subarray(i * 160, i * 160 + 160));
    for (const { phone } of [a, b]) phone.timestamp += 160;
    const rest = start + (i + 1) * 20 - performance.now();
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }
  return rightAt;
}

test('left and right are what each end said, apart and aligned in time, whatever their codecs', async () => {
  const ends = await call();
  const path = join(folder, 'call.wav');
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 });
  const rightAt = await talk(ends, 50);
  const { seconds } = await engine.stopRecording(ends.session);
  const wav = readWav(readFileSync(path));
  const [left, right] = wav.channels as [Int16Array, Int16Array];
  assert.equal(wav.rate, 8000);
  assert.equal(left.length, Math.round(seconds * 8000));
  assert.ok(seconds > 0.95 && seconds < 2, String(seconds));
  const start = left.findIndex((sample) => Math.abs(sample) > 500);
  const middle = left.subarray(start, start + 7500);
  assert.ok(goertzel(middle, 500) > 0.5, String(goertzel(middle, 500)));
  assert.ok(goertzel(left, 1200) < 0.01 && goertzel(right, 500) < 0.01);
  const rightStart = right.findIndex((sample) => Math.abs(sample) > 500);
  // As far apart as they were sent.
  assert.ok(Math.abs(rightStart - start - rightAt * 8) < 800, `${start} ${rightStart}`);
});

test('the limit ends a recording by itself; its figures can still be asked for', async () => {
  const ends = await call();
  const path = join(folder, 'short.wav');
  const ended = new Promise<[string, string | undefined]>((resolve) => {
    engine.events.once('recorded', (session, error) => resolve([session, error]));
  });
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: undefined, maxSeconds: 0.25 });
  await assert.rejects(
    engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: undefined, maxSeconds: 1 }),
    { code: 'media-recording' },
  );
  assert.deepEqual(await ended, [ends.session, undefined]);
  assert.deepEqual(await engine.stopRecording(ends.session), { path, seconds: 0.25 });
  await assert.rejects(engine.stopRecording(ends.session), { code: 'media-recording' });
  const [left, right] = readWav(readFileSync(path)).channels;
  assert.deepEqual([left!.length, right!.length], [2000, 2000]);
  assert.equal(levelDb(right!), Number.NEGATIVE_INFINITY);
});

test('a muted end is silent in the recording', async () => {
  const ends = await call();
  const path = join(folder, 'muted.wav');
  await engine.mute(ends.a.endpoint, true);
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 });
  await talk(ends, 12);
  await engine.stopRecording(ends.session);
  const [left, right] = readWav(readFileSync(path)).channels;
  assert.equal(levelDb(left!), Number.NEGATIVE_INFINITY);
  assert.ok(goertzel(right!, 1200) > 0.2);
});

test('when all its ends are released a recording is over, its file whole', async () => {
  const ends = await call();
  const path = join(folder, 'over.wav');
  const ended = new Promise<string | undefined>((resolve) => {
    engine.events.once('recorded', (_, error) => resolve(error));
  });
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 });
  await talk(ends, 10);
  await engine.release(ends.a.endpoint);
  await engine.release(ends.b.endpoint);
  assert.equal(await ended, undefined);
  const { seconds } = await engine.stopRecording(ends.session);
  assert.equal(readWav(readFileSync(path)).channels[0]!.length, Math.round(seconds * 8000));
  assert.ok(seconds > 0.15, String(seconds));
});

/** A disk of 64 KB; undefined where this user may not make one. */
function smallDisk(): string | undefined {
  const path = join(folder, 'disk');
  mkdirSync(path);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
  return status === 0 ? path : undefined;
}

test('a full disk ends the recording with an event and not the call; what had room is a whole file', async (t) => {
  const disk = smallDisk();
  if (disk === undefined) return t.skip('only root may mount a small disk');
  t.after(() => spawnSync('umount', ['-l', disk]));
  const ends = await call();
  const ended = new Promise<string | undefined>((resolve) => {
    engine.events.once('recorded', (_, error) => resolve(error));
  });
  const path = join(disk, 'full.wav');
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 });
  assert.match((await ended) ?? '', /ENOSPC/);
  await engine.stopRecording(ends.session);
  assert.deepEqual(readdirSync(disk), ['full.wav']);
  assert.ok(readWav(readFileSync(path)).channels[0]!.length > 8000);
  const before = ends.b.phone.heard.length;
  await ends.a.phone.tone(ends.a.at, 440, 5);
  await ends.b.phone.until(() => ends.b.phone.heard.length === before + 5);
});

test('a recording has its name when it is finished, is readable by the group, and replaces nothing', async () => {
  const ends = await call();
  const path = join(folder, 'named.wav');
  const options = { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 };
  await engine.startRecording(ends.session, options);
  assert.equal(existsSync(path), false);
  assert.equal(statSync(`${path}.part`).mode & 0o777, 0o640);
  await engine.stopRecording(ends.session);
  assert.equal(existsSync(`${path}.part`), false);
  const before = readFileSync(path);
  await assert.rejects(engine.startRecording(ends.session, options), /such a file already/);
  assert.deepEqual(readFileSync(path), before);
  const link = join(folder, 'link.wav');
  symlinkSync(path, `${link}.part`);
  await assert.rejects(engine.startRecording(ends.session, { ...options, path: link }), /EEXIST/);
  assert.deepEqual(readFileSync(path), before);
});

test('a pause is silence, or is not there at all', async () => {
  const lengths: number[] = [];
  for (const silence of [true, false]) {
    const ends = await call();
    const path = join(folder, `paused-${silence}.wav`);
    await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: ends.b.endpoint, maxSeconds: 60 });
    const began = performance.now();
    await talk(ends, 20);
    await engine.pauseRecording(ends.session, silence);
    await talk(ends, 30);
    await engine.resumeRecording(ends.session);
    await talk(ends, 20);
    await engine.stopRecording(ends.session);
    const passed = performance.now() - began;
    const [left] = readWav(readFileSync(path)).channels;
    const frames = Array.from({ length: Math.floor(left!.length / 160) }, (_, i) =>
      left!.subarray(i * 160, i * 160 + 160).some((sample) => Math.abs(sample) > 500),
    );
    const quiet = longestRun(frames.slice(frames.indexOf(true), frames.lastIndexOf(true)), false);
    if (silence) assert.ok(quiet >= 24, `${quiet} silent frames`);
    lengths.push(passed - left!.length / 8);
  }
  // What was cut out is missing from the length.
  assert.ok(lengths[1]! - lengths[0]! > 450, String(lengths));
});

function longestRun(values: readonly boolean[], of: boolean): number {
  let most = 0;
  let run = 0;
  for (const value of values) most = Math.max(most, (run = value === of ? run + 1 : 0));
  return most;
}

test('an end that joins later is on the right from then on', async () => {
  const ends = await call();
  const path = join(folder, 'joined.wav');
  await engine.startRecording(ends.session, { path, left: ends.a.endpoint, right: undefined, maxSeconds: 60 });
  await talk(ends, 20);
  await engine.recordRight(ends.session, ends.b.endpoint);
  await talk(ends, 20);
  await engine.stopRecording(ends.session);
  const [left, right] = readWav(readFileSync(path)).channels;
  const first = right!.findIndex((sample) => Math.abs(sample) > 500);
  const start = left!.findIndex((sample) => Math.abs(sample) > 500);
  // It speaks in the second half of each talk, but is heard in that of the second only.
  assert.ok(first - start > 400 * 8, `${first} ${start}`);
  assert.ok(goertzel(right!.subarray(first, first + 1200), 1200) > 0.5);
});

test('a folder that cannot be made refuses the recording at once', async () => {
  const ends = await call();
  writeFileSync(join(folder, 'plain'), '');
  const path = join(folder, 'plain', 'no', 'folder.wav');
  const options = { path, left: ends.a.endpoint, right: undefined, maxSeconds: 1 };
  await assert.rejects(engine.startRecording(ends.session, options), { code: 'media-recording-file' });
});

test('the first recording of an engine begins at once, though its file and the thread that makes it are not there yet', async () => {
  const cold = await testEngine();
  const ends = [];
  for (const endpoint of ['x', 'y']) {
    const phone = await TestPhone.open();
    phones.push(phone);
    const at = await cold.open({ session: 'cold', endpoint });
    await cold.configure(endpoint, phone.settings([PCMU]));
    ends.push({ phone, endpoint, at });
  }
  const [a, b] = ends as [(typeof ends)[0], (typeof ends)[0]];
  await cold.bridge('x', 'y');
  // The port is learned, and the worker awake, before time counts.
  while (b.phone.heard.length === 0) {
    await a.phone.tone(a.at, 440, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const path = join(folder, 'cold.wav');
  const began = performance.now();
  let madeAfter = 0;
  const made = cold.startRecording('cold', { path, left: 'x', right: 'y', maxSeconds: 60 }).then(() => {
    madeAfter = performance.now() - began;
  });
  await made;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const passed = performance.now() - began;
  const { seconds } = await cold.stopRecording('cold');
  await cold.close();
  // Commands travel up to 15 ms apart; the file took `madeAfter` of that time, and all of it is in the recording.
  assert.ok(
    seconds * 1000 > passed - Math.max(60, madeAfter / 2),
    `${seconds} s of ${passed} ms; file after ${madeAfter} ms`,
  );
});
