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
  // No close(): the process died.
  assert.deepEqual(await journal(at).file.left(), ['{"n":3}']);
});

test('what waits to be written when a call is dropped goes before the drop', async () => {
  const at = folder();
  const { file } = journal(at);
  file.keep('a', '{}');
  file.drop('a');
  assert.deepEqual(await journal(at).file.left(), []);
});

test('a torn last line, an odd one and one too long are passed over', async () => {
  const at = folder();
  const { file, clock } = journal(at);
  file.keep('a', '{"n":1}');
  clock.advance(200);
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
  }
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
  file.drop('a');
  for (let n = 0; n < 3; n++) {
    file.keep('c', `"${'y'.repeat(60)}"`);
    clock.advance(200);
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
