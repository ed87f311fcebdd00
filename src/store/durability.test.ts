/** What was acknowledged is there after kill -9, after a full disk, after the database was away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { startPostgres } from '../../test/kit/postgres.ts';
import { type GraineError, type Log, silentLog, SystemClock } from '../base/index.ts';
import { cdr, secrets } from './fixtures.test.ts';
import { openStore, type OpenStore } from './open.ts';

const clock = new SystemClock();
const role = process.env['GRAINE_TEST_APPEND_TO'];

/** The child of the kill test: appends for ever, and says which rows were acknowledged. */
async function appendForEver(folder: string): Promise<never> {
  const store = await openStore(`file:${folder}`, { clock, log: silentLog });
  for (let n = Number(process.env['GRAINE_TEST_FROM']); ;) {
    const count = 1 + (n % 23);
    for (let i = 0; i < count; i++) store.appendCdr(cdr(`kill-${n++}`, { accountSid: 'K' }));
    await store.flush();
    process.stdout.write(`${n}\n`);
  }
}

/** Kills the child once it has acknowledged so many times; returns how many rows it acknowledged in all. */
async function killed(folder: string, from: number, acknowledgements: number): Promise<number> {
  const env = { ...process.env, GRAINE_TEST_APPEND_TO: folder, GRAINE_TEST_FROM: String(from) };
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  let acknowledged = from;
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    if (++heard === acknowledgements) child.kill('SIGKILL');
  }
  assert.deepEqual((await gone)[1], 'SIGKILL');
  assert.ok(heard >= acknowledgements);
  return acknowledged;
}

function inFolder(run: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-durable-'));
    try {
      await run(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

function listening(errors: string[]): Log {
  return { ...silentLog, error: (_, message) => void errors.push(message) };
}

async function countOf(store: OpenStore, accountSid: string): Promise<number> {
  return (await store.cdrs({ accountSid, page: 1, count: 1 })).total;
}

if (role !== undefined) await appendForEver(role);

describe('the embedded store', () => {
  it(
    'kill -9 at any moment loses no acknowledged row and harms no file',
    inFolder(async (folder) => {
      let acknowledged = 0;
      for (const times of [3, 30]) {
        acknowledged = await killed(folder, acknowledged, times);
        const db = new Database(path.join(folder, 'graine.db'));
        assert.deepEqual(db.prepare('pragma integrity_check').all([]), [{ integrity_check: 'ok' }]);
        db.close();
        const store = await openStore(`file:${folder}`, { clock, log: silentLog });
        assert.ok((await countOf(store, 'K')) >= acknowledged, `${acknowledged} rows were acknowledged`);
        assert.notEqual(await store.cdr(`kill-${acknowledged - 1}`), undefined);
        await store.close();
      }
    }),
  );

  it(
    'its files are for its owner alone',
    inFolder(async (folder) => {
      const place = path.join(folder, 'data');
      const store = await openStore(`file:${place}`, { clock, log: silentLog });
      await store.putSetting('a', 'b');
      assert.equal(statSync(place).mode & 0o777, 0o700);
      for (const file of ['graine.db', 'graine.db-wal'])
        assert.equal(statSync(path.join(place, file)).mode & 0o777, 0o600);
      await store.close();
    }),
  );

  it(
    'a full disk is logged and survived; the rows arrive once there is room',
    inFolder(async (folder) => {
      const errors: string[] = [];
      const store = await openStore(`file:${folder}`, { clock, log: listening(errors), maxPages: 90 });
      await store.putSetting('ballast', 'x'.repeat(120_000));
      for (let i = 0; i < 500; i++)
        store.appendCdr(cdr(`full-${i}`, { accountSid: 'F', terminationReason: 'y'.repeat(200) }));
      const flushed = store.flush();
      while (store.stats().cdrs.retries === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(errors, ['the store takes no cdr rows; they wait']);
      assert.ok(store.stats().cdrs.waiting > 0);
      await assert.rejects(store.putSetting('more', 'x'.repeat(120_000)), (fault: GraineError) => {
        assert.equal((fault.cause as { code?: string }).code, 'SQLITE_FULL');
        return fault.code === 'store-away' && fault.http === 503;
      });
      assert.equal((await store.setting('ballast'))?.length, 120_000, 'reading goes on');
      await store.putSetting('ballast', '');
      await flushed;
      assert.equal(await countOf(store, 'F'), 500);
      assert.equal(store.stats().cdrs.dropped, 0);
      await store.close();
      assert.deepEqual(clock.pending(), []);
    }),
  );
});

const postgres = role === undefined ? await startPostgres() : { missing: 'child' };

describe('PostgreSQL', { skip: 'missing' in postgres ? postgres.missing : false }, () => {
  it('a server that crashes and comes back loses no row, and gets those that came meanwhile', async () => {
    if ('missing' in postgres) return;
    const errors: string[] = [];
    const store = await openStore(await postgres.database(), { clock, log: listening(errors), secrets });
    for (let i = 0; i < 30; i++) store.appendCdr(cdr(`before-${i}`, { accountSid: 'P' }));
    await store.flush();
    await postgres.stop();
    for (let i = 0; i < 30; i++) store.appendCdr(cdr(`during-${i}`, { accountSid: 'P' }));
    const flushed = store.flush();
    while (store.stats().cdrs.retries === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(errors, ['the store takes no cdr rows; they wait']);
    await assert.rejects(store.list('account'), { code: 'store-away' });
    await postgres.start();
    await flushed;
    assert.equal(await countOf(store, 'P'), 60);
    await store.close();
    assert.deepEqual(clock.pending(), []);
  });

  it(
    'away when our process ends too: the next process writes what waited on disk, each row once',
    inFolder(async (folder) => {
      if ('missing' in postgres) return;
      const url = await postgres.database();
      const options = { clock, log: silentLog, secrets, spoolFolder: folder };
      const first = await openStore(url, options);
      first.appendCdr(cdr('before', { accountSid: 'S' }));
      await first.flush();
      await postgres.stop();
      for (let i = 0; i < 40; i++) first.appendCdr(cdr(`during-${i}`, { accountSid: 'S' }));
      while (first.stats().cdrs.retries === 0) await new Promise((resolve) => setImmediate(resolve));
      first.appendCdr(cdr('last', { accountSid: 'S' }));
      // As a killed process would leave it: rows that were written may be in the file as well.
      appendFileSync(path.join(folder, 'cdr.jsonl'), `${JSON.stringify(cdr('before', { accountSid: 'S' }))}\n{"torn`);
      await first.close();
      await postgres.start();
      const second = await openStore(url, options);
      await second.flush();
      assert.equal(await countOf(second, 'S'), 42);
      assert.equal(existsSync(path.join(folder, 'cdr.jsonl')), false, 'nothing waits any more');
      await second.close();
      await postgres.remove();
      assert.deepEqual(clock.pending(), []);
    }),
  );
});
