import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock, type Log } from '../base/index.ts';
import { RecordingKeeper } from './recording-keeper.ts';

const sid = '0b5c1e52-7f5e-4d0a-9a43-1f2e3d4c5b6a';
const day = 86_400_000;
const log = { info: () => {}, warn: () => {} } as unknown as Log;
const clock = new FakeClock();
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'graine-keeper-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function aged(name: string, ms: number): void {
  writeFileSync(path.join(dir, name), 'RIFF');
  const at = (clock.now() - ms) / 1000;
  utimesSync(path.join(dir, name), at, at);
}

async function sweep(keepDays: number | undefined): Promise<string[]> {
  const keeper = new RecordingKeeper({ clock, log, dir, keepDays });
  await keeper.close();
  assert.deepEqual(clock.pending(), []);
  return readdirSync(dir).toSorted();
}

test('what is older than the days to keep goes, to the day', async () => {
  aged(`${sid}-1.wav`, 30 * day + 1000);
  aged(`${sid}-2.wav`, 30 * day - 60_000);
  assert.deepEqual(await sweep(30), [`${sid}-2.wav`]);
});

test('without days to keep nothing is deleted', async () => {
  aged(`${sid}-1.wav`, 3000 * day);
  assert.deepEqual(await sweep(undefined), [`${sid}-1.wav`]);
});

test('what a crash left unfinished gets its name; what still grows does not', async () => {
  aged(`${sid}-1.wav.part`, 11 * 60_000);
  aged(`${sid}-2.wav.part`, 1000);
  assert.deepEqual(await sweep(undefined), [`${sid}-1.wav`, `${sid}-2.wav.part`]);
});

test('no file of others is touched, however old, nor a folder or a link named like ours', async () => {
  for (const name of ['notes.wav', `${sid}.wav`, `${sid}-1.wav.bak`, `x${sid}-1.wav`]) aged(name, 100 * day);
  const outside = mkdtempSync(path.join(os.tmpdir(), 'graine-outside-'));
  symlinkSync(outside, path.join(dir, `${sid}-3.wav`));
  mkdirSync(path.join(dir, `${sid}-4.wav`));
  assert.equal((await sweep(1)).length, 6);
  rmSync(outside, { recursive: true });
});

test('it looks again every hour', async () => {
  const keeper = new RecordingKeeper({ clock, log, dir, keepDays: 1 });
  aged(`${sid}-1.wav`, day - 1000);
  clock.advance(3_600_000);
  await keeper.close();
  assert.deepEqual(readdirSync(dir), []);
});

test('a folder that is not there yet is no fault', async () => {
  const keeper = new RecordingKeeper({ clock, log, dir: path.join(dir, 'none'), keepDays: 1 });
  await keeper.close();
});
