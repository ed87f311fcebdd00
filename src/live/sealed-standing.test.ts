import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { silentLog, SystemClock } from '../base/index.ts';
import { sealerFor } from '../store/index.ts';
import { SealedStanding } from './sealed-standing.ts';
import { StandingFile } from './standing-file.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-sealed-'));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function opened(key = 'secret.key'): SealedStanding {
  const sealer = sealerFor('memory:', { log: silentLog, secrets: { file: path.join(folder, key) } });
  const file = new StandingFile({ folder: path.join(folder, 'standing'), clock: new SystemClock(), log: silentLog });
  return new SealedStanding(file, { sealer, log: silentLog });
}

const journal = (): string =>
  fs
    .readdirSync(path.join(folder, 'standing'))
    .map((name) => fs.readFileSync(path.join(folder, 'standing', name), 'utf8'))
    .join('');

test('nothing of a call can be read in its file; the next process reads it, one with another key or another call’s name does not', async () => {
  const first = opened();
  first.keep('one', '{"key":"secret-1"}', []);
  await first.close();
  assert.doesNotMatch(journal(), /secret-1|"key"/);
  assert.deepEqual(await opened().left(), ['{"key":"secret-1"}']);
  assert.deepEqual(await opened('other.key').left(), []);

  const file = fs.readdirSync(path.join(folder, 'standing'))[0] ?? '';
  const moved = journal().replaceAll('one', 'two');
  fs.writeFileSync(path.join(folder, 'standing', file), moved);
  assert.deepEqual(await opened().left(), []);
});

test('what an older version wrote in plain is read', async () => {
  fs.mkdirSync(path.join(folder, 'standing'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'standing', 'standing-1.journal'), '["one","{\\"n\\":1}"]\n');
  assert.deepEqual(await opened().left(), ['{"n":1}']);
});
