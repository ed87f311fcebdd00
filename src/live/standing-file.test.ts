import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { FakeClock, silentLog } from '../base/index.ts';
import { StandingFile } from './standing-file.ts';

const folders: string[] = [];

function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-standing-'));
  folders.push(made);
  return path.join(made, 'standing');
}

function journal(at: string, segmentBytes?: number): { file: StandingFile; clock: FakeClock } {
  const clock = new FakeClock();
  return {
    file: new StandingFile({ folder: at, clock, log: silentLog, ...(segmentBytes && { segmentBytes }) }),
    clock,
  };
}

/** What is in the folder of a process that was killed: writes go on outside its thread, but each soon. */
async function written(at: string, last: string): Promise<void> {
  const text = (): string =>
    fs
      .readdirSync(at)
      .map((name) => fs.readFileSync(path.join(at, name), 'utf8'))
      .join('');
  for (let n = 0; n < 500 && !text().includes(last); n++) await setTimeout(10);
  assert.ok(text().includes(last), text());
}

afterEach(() => {
  for (const each of folders.splice(0)) fs.rmSync(each, { recursive: true, force: true });
});

test('the last that was kept of each call is found by the next process; what was dropped is not', async () => {
  const at = folder();
  const { file, clock } = journal(at);
  file.keep('a', '{"n":1}');
  file.keep('b', '{"n":2}');
  file.keep('a', '{"n":3}');
  clock.advance(200);
  file.drop('b');
  await written(at, '["b"]');
  // No close(): the process died.
  assert.deepEqual(await journal(at).file.left(), ['{"n":3}']);
});

test('what waits to be written when a call is dropped never is', async () => {
  const at = folder();
  const { file } = journal(at);
  file.keep('a', '{}');
  file.drop('a');
  await file.close();
  assert.deepEqual(await journal(at).file.left(), []);
});

test('while the disk takes its time the order stays, and close waits for the last word', async () => {
  const at = folder();
  const { file, clock } = journal(at, 200);
  for (const sid of ['a', 'b', 'c']) file.keep(sid, '{"n":1}');
  clock.advance(200);
  // That is under way now, and what follows waits for it, in another segment.
  file.drop('b');
  file.keep('a', `{"n":2,"x":"${'x'.repeat(300)}"}`);
  file.keep('d', '{"n":1}');
  file.drop('d');
  file.keep('c', '{"n":3}');
  file.drop('c');
  file.keep('c', '{"n":4}');
  await file.close();
  const left = await journal(at).file.left();
  assert.deepEqual(left.map((each) => each.slice(0, 7)).toSorted(), ['{"n":2,', '{"n":4}']);
  assert.equal(
    fs.readdirSync(at).some((name) => fs.readFileSync(path.join(at, name), 'utf8').includes('"d"')),
    false,
  );
});

test('who waits until a call is settled finds it written, whatever was under way', async () => {
  const at = folder();
  const { file, clock } = journal(at);
  file.keep('a', '{"n":1}');
  clock.advance(200);
  file.keep('a', '{"n":2}');
  await file.settled();
  assert.deepEqual(await journal(at).file.left(), ['{"n":2}']);
  await file.settled();
  assert.deepEqual(clock.pending(), []);
});

test('after a write that the disk refused the next is whole', async () => {
  const at = folder();
  const { file, clock } = journal(at);
  const lines: string[] = [];
  const full = new StandingFile({
    folder: `${at}-full`,
    clock,
    log: { ...silentLog, error: (_, line) => void lines.push(line) },
    segmentBytes: 1,
  });
  full.keep('a', '{"n":1}');
  clock.advance(200);
  await written(`${at}-full`, '"a"');
  // No segment can be begun any more.
  fs.renameSync(`${at}-full`, `${at}-gone`);
  for (const n of [2, 3]) {
    full.keep('a', `{"n":${n}}`);
    clock.advance(200);
    await setTimeout(50);
  }
  assert.equal(lines.length, 1);
  fs.renameSync(`${at}-gone`, `${at}-full`);
  full.keep('a', '{"n":4}');
  await full.close();
  assert.deepEqual(await journal(`${at}-full`).file.left(), ['{"n":4}']);
  await file.close();
});

test('a torn last line, an odd one and one too long are passed over', async () => {
  const at = folder();
  const { file, clock } = journal(at);
  file.keep('a', '{"n":1}');
  clock.advance(200);
  await written(at, '"a"');
  const segment = path.join(at, fs.readdirSync(at)[0] ?? '');
  fs.appendFileSync(segment, `[1,2]\nnull\n["long","${'x'.repeat(1_100_000)}"]\n["b","{"`);
  assert.deepEqual(await journal(at).file.left(), ['{"n":1}']);
});

test('segments in which nothing counts go; what counts in the oldest is asked for anew', async () => {
  const at = folder();
  const { file, clock } = journal(at, 200);
  const stale: string[] = [];
  file.onStale((sid) => {
    stale.push(sid);
    file.keep(sid, '"anew"');
  });
  file.keep('old', '"first"');
  for (let n = 0; n < 40; n++) {
    file.keep('busy', JSON.stringify('x'.repeat(50) + n));
    clock.advance(200);
    await written(at, `x${n}\\"`);
  }
  for (let n = 0; n < 500 && !stale.includes('old'); n++) await setTimeout(10);
  assert.ok(stale.includes('old'));
  // Files go in the background.
  await setTimeout(100);
  assert.ok(fs.readdirSync(at).length <= 6, String(fs.readdirSync(at)));
  await file.close();
  assert.deepEqual(
    (await journal(at).file.left()).toSorted(),
    ['"anew"', JSON.stringify(`${'x'.repeat(50)}39`)].toSorted(),
  );
});

test('a segment that drops a call stays as long as an older one keeps it', async () => {
  const at = folder();
  const { file, clock } = journal(at, 60);
  file.keep('a', '"first"');
  file.keep('b', '"stays"');
  clock.advance(200);
  await written(at, 'stays');
  file.drop('a');
  await written(at, '["a"]');
  for (let n = 0; n < 3; n++) {
    file.keep('c', `"${n}${'y'.repeat(60)}"`);
    clock.advance(200);
    await written(at, `${n}yyy`);
  }
  file.drop('c');
  await file.close();
  assert.deepEqual(await journal(at).file.left(), ['"stays"']);
});

test('nobody else may read it', () => {
  const at = folder();
  journal(at);
  assert.equal(fs.statSync(at).mode & 0o777, 0o700);
  assert.equal(fs.statSync(path.join(at, fs.readdirSync(at)[0] ?? '')).mode & 0o777, 0o600);
});
