import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import Database from 'libsql';
import { type Log, silentLog, SystemClock } from '../base/index.ts';
import { account } from './fixtures.test.ts';
import { openStore } from './open.ts';
import { maskedUrl } from './postgres.ts';
import { SqliteLink, startThread } from './sqlite/link.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-open-'));
const clock = new SystemClock();
const options = { clock, log: silentLog };

after(() => rmSync(folder, { recursive: true }));

describe('opening an embedded store', () => {
  it('a folder holds graine.db; a name ending in .db is the file itself; file:// is understood', async () => {
    for (const [url, file] of [
      [`file:${folder}/a`, 'a/graine.db'],
      [`file:${folder}/b.db`, 'b.db'],
      [`file://${folder}/c%20d`, 'c d/graine.db'],
    ] as const) {
      const store = await openStore(url, options);
      await store.put('account', account('x'));
      await store.close();
      const db = new Database(path.join(folder, file));
      assert.deepEqual(db.prepare('select count(*) as n from entity').all([]), [{ n: 1 }]);
      db.close();
    }
  });

  it('tables of a newer version are left alone, and the refusal says so', async () => {
    const newer = `file:${folder}/newer.db`;
    await (await openStore(newer, options)).close();
    const db = new Database(path.join(folder, 'newer.db'));
    db.exec("insert into graine_migration values ('9999-future', '2030-01-01T00:00:00.000Z')");
    db.close();
    await assert.rejects(openStore(newer, options), { code: 'store-migration', message: /9999-future.*newer Graine/ });
  });

  it('a file that is no database is refused, not overwritten', async () => {
    const file = path.join(folder, 'letter.db');
    writeFileSync(file, 'Dear customer, '.repeat(200));
    await assert.rejects(openStore(`file:${file}`, options), { code: 'store-unreachable', message: /not a database/ });
  });

  it('a PostgreSQL URL that cannot be parsed is refused without showing it', async () => {
    const refused = openStore('postgres://u:p@ss:w/rd@host:x/db', options);
    await assert.rejects(refused, (fault: Error) =>
      fault.message.startsWith("store.url 'postgres://u:********@host:x/db'"),
    );
  });

  it('passwords in a URL are never shown, whatever they are made of', () => {
    assert.equal(maskedUrl('postgres://u:p@ss:w/rd@host/db'), 'postgres://u:********@host/db');
    assert.equal(maskedUrl('postgres://u@host/db'), 'postgres://u@host/db');
    assert.equal(maskedUrl('file:./data'), 'file:./data');
  });
});

describe('the database thread', () => {
  it('a value SQLite has no type for is refused; the thread, and the process, live on', async () => {
    const link = new SqliteLink({ path: ':memory:' }, silentLog);
    await assert.rejects(link.query('select ?', [{ an: 'object' }]), /cannot be stored/);
    assert.deepEqual((await link.query('select ? as a, ? as b, ? as c', [true, undefined, Number.NaN])).rows, [
      { a: 1, b: null, c: null },
    ]);
    await link.close();
    await link.close();
  });

  it('when it dies, what waited fails, the log says so, and the next request starts another', async () => {
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_, message) => void errors.push(message) };
    const setup = { path: path.join(folder, 'dies.db') };
    const threads: Worker[] = [];
    const link = new SqliteLink(setup, log, () => {
      threads.push(startThread(setup));
      return threads.at(-1) as Worker;
    });
    await link.query('create table t (a)', []);
    const dying = threads[0]?.terminate();
    await assert.rejects(link.query('select 1', []), { code: 'SQLITE_THREAD' });
    await dying;
    assert.deepEqual(errors, ['the database thread ended; another one will be started']);
    assert.deepEqual((await link.query('select count(*) as n from t', [])).rows, [{ n: 0 }]);
    assert.equal(threads.length, 2);
    await link.close();
  });
});
