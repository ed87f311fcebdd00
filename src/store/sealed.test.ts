/** Encryption at rest: what a thief of the disk or of a backup finds, and what happens to keys. On SQLite and PostgreSQL. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, describe, it } from 'node:test';
import Database from 'libsql';
import { Client } from 'pg';
import { type Postgres, startPostgres } from '../../test/kit/postgres.ts';
import { type Log, silentLog, SystemClock } from '../base/index.ts';
import type { Item } from './provisioning.ts';
import { account, application, carrier, client } from './fixtures.test.ts';
import { openStore, type StoreOptions } from './open.ts';
import { keyId, readKey, Sealer } from './sealer.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-sealed-'));
const postgres = await startPostgres();
const clock = new SystemClock();
const [oldKey, newKey] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string];
const sealedBy = (...keys: string[]): StoreOptions => ({ clock, log: silentLog, secrets: { keys } });

after(async () => {
  rmSync(folder, { recursive: true });
  if (!('missing' in postgres)) await postgres.remove();
  assert.deepEqual(clock.pending(), []);
});

/** Every kind of secret that is provisioned, each with a word that is nowhere else. */
const items: Item[] = [
  {
    kind: 'account',
    entity: account('a', {
      webhookSecret: 'hidden-webhook',
      registrationHook: { url: 'http://h.test', username: 'u', password: 'hidden-registration-hook' },
    }),
  },
  {
    kind: 'application',
    entity: application('app', 'a', {
      callHook: { url: 'http://user:hidden-in-url@h.test/', password: 'hidden-call-hook' },
      envVars: { TOKEN: 'hidden-variable' },
      appJson: [{ verb: 'listen', url: 'ws://h.test', wsAuth: { username: 'u', password: 'hidden-in-verb' } }],
    }),
  },
  {
    kind: 'carrier',
    entity: carrier('c', 'a', {
      register: { realm: 'r', username: 'u', password: 'hidden-register' },
      auth: { username: 'u', password: 'hidden-auth' },
    }),
  },
  { kind: 'client', entity: { ...client('u', 'a', 'alice'), password: 'hidden-client' } },
  {
    kind: 'speechCredential',
    entity: {
      sid: 's',
      accountSid: 'a',
      vendor: 'openai',
      useForStt: true,
      useForTts: true,
      settings: { api_key: 'hidden-vendor-key' },
    },
  },
  {
    kind: 'user',
    entity: {
      sid: 'p',
      accountSid: 'a',
      name: 'Ann',
      email: 'ann@a.test',
      role: 'account',
      isActive: true,
      passwordHash: 'hidden-hash',
      passwordChangedAt: 1,
    },
  },
];

/** All bytes of the files of a folder, the write-ahead log too. */
function bytesOf(dir: string): string {
  const files = readdirSync(dir).filter((name) => name.startsWith('graine.db'));
  return files.map((name) => readFileSync(path.join(dir, name), 'latin1')).join('');
}

describe('sealed documents', () => {
  it('SQLite: no secret is in the file or in its log, before and after closing; all come back', async () => {
    const dir = path.join(folder, 'grep');
    const store = await openStore(`file:${dir}`, sealedBy(oldKey));
    await store.putAll(items);
    assert.doesNotMatch(bytesOf(dir), /hidden-/);
    for (const { kind, entity } of items) assert.deepEqual(await store.get(kind, entity.sid), entity);
    await store.close();
    assert.doesNotMatch(bytesOf(dir), /hidden-/);
    assert.match(bytesOf(dir), /alice/, 'names are looked up and stay readable');
  });

  it('rows of a version that wrote in plain are sealed at the next start, and their traces erased', async () => {
    const dir = path.join(folder, 'plain');
    await (await openStore(`file:${dir}`, sealedBy(oldKey))).close();
    const db = new Database(path.join(dir, 'graine.db'));
    const insert = db.prepare('insert into entity (kind, sid, account_sid, document) values (?, ?, ?, ?)');
    for (const { kind, entity } of items) insert.run([kind, entity.sid, 'a', JSON.stringify(entity)]);
    for (let i = 0; i < 1200; i++)
      insert.run([
        'client',
        `many${i}`,
        'a',
        JSON.stringify({ ...client(`many${i}`, 'a', `u${i}`), password: `hidden-${i}` }),
      ]);
    db.close();
    assert.match(bytesOf(dir), /hidden-register/);
    const store = await openStore(`file:${dir}`, sealedBy(oldKey));
    assert.doesNotMatch(bytesOf(dir), /hidden-/);
    for (const { kind, entity } of items) assert.deepEqual(await store.get(kind, entity.sid), entity);
    assert.equal((await store.list('client')).length, 1201);
    await store.close();
  });

  it('a wrong key opens nothing, changes nothing, and the refusal names the fix and no key', async () => {
    const dir = path.join(folder, 'wrong');
    const store = await openStore(`file:${dir}`, sealedBy(oldKey));
    await store.putAll(items);
    await store.close();
    const before = bytesOf(dir);
    const refused = openStore(`file:${dir}`, sealedBy(newKey));
    await assert.rejects(refused, (fault: Error & { code: string }) => {
      assert.equal(fault.code, 'store-key');
      assert.match(fault.message, new RegExp(keyId(readKey(oldKey, ''))));
      assert.match(fault.message, /GRAINE_SECRET_KEY.*docs\/security\.md/);
      assert.ok(!fault.message.includes(newKey) && !fault.message.includes(oldKey));
      return true;
    });
    assert.equal(bytesOf(dir), before);
  });

  it('rotation: with the new key before the old all is sealed anew, and then the new one alone opens it', async () => {
    const dir = path.join(folder, 'rotate');
    await openStore(`file:${dir}`, sealedBy(oldKey)).then(async (store) => {
      await store.putAll(items);
      await store.close();
    });
    const both = await openStore(`file:${dir}`, sealedBy(newKey, oldKey));
    await both.close();
    const store = await openStore(`file:${dir}`, sealedBy(newKey));
    for (const { kind, entity } of items) assert.deepEqual(await store.get(kind, entity.sid), entity);
    await store.close();
    await assert.rejects(openStore(`file:${dir}`, sealedBy(oldKey)), { code: 'store-key' });
  });

  it('a document that was changed, or moved to another row, does not open', async () => {
    const dir = path.join(folder, 'tampered');
    await openStore(`file:${dir}`, sealedBy(oldKey)).then(async (store) => {
      await store.putAll(items);
      await store.put('client', client('v', 'a', 'mallory'));
      await store.close();
    });
    const db = new Database(path.join(dir, 'graine.db'));
    db.exec("update entity set document = (select document from entity where sid = 'v') where sid = 'u'");
    db.close();
    const store = await openStore(`file:${dir}`, sealedBy(oldKey));
    await assert.rejects(store.get('client', 'u'), { code: 'store-tampered' });
    await store.close();
  });

  it('the same text is sealed differently each time', () => {
    const sealer = new Sealer([readKey(oldKey, '')], '');
    const row = { kind: 'client', sid: 'u' };
    assert.notEqual(sealer.seal(row, 'x'), sealer.seal(row, 'x'));
    assert.equal(sealer.open(row, sealer.seal(row, '😀"\u0000')), '😀"\u0000');
  });
});

describe('the key', () => {
  it('is made on the first start beside the data, for its owner alone, and used again', async () => {
    const dir = path.join(folder, 'made');
    const told: string[] = [];
    const log: Log = { ...silentLog, info: (_, message) => void told.push(message), warn: (_, m) => void told.push(m) };
    await openStore(`file:${dir}`, { clock, log }).then(async (store) => {
      await store.putAll(items);
      await store.close();
    });
    const file = path.join(dir, 'secret.key');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(readKey(readFileSync(file, 'utf8'), '').length, 32);
    assert.match(told.join(), /keep a copy of it apart/);
    chmodSync(file, 0o644);
    const again = await openStore(`file:${dir}`, { clock, log });
    assert.equal((await again.get('client', 'u'))?.password, 'hidden-client');
    await again.close();
    assert.match(told.join(), /chmod 600/);
  });

  it('is one, although several processes start at once', async () => {
    const file = path.join(folder, 'race', 'secret.key');
    const script = `
      const { sealerOf } = await import(${JSON.stringify(new URL('./secret-keys.ts', import.meta.url).href)});
      const log = { info() {}, warn() {} };
      console.log(sealerOf({ file: ${JSON.stringify(file)} }, log).current);`;
    const run = () => promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    const ids = (await Promise.all([1, 2, 3].map(run))).map(({ stdout }) => stdout.trim());
    assert.equal(new Set(ids).size, 1);
    assert.deepEqual(readdirSync(path.dirname(file)), ['secret.key'], 'no draft is left');
  });

  it('may be hex, and several lines with remarks; nonsense is refused by name', async () => {
    assert.deepEqual(readKey('01'.repeat(32), ''), readKey(Buffer.alloc(32, 1).toString('base64'), ''));
    const file = path.join(folder, 'lines.key');
    writeFileSync(file, `# 2026\n${newKey} # current\n${oldKey}\n`, { mode: 0o600 });
    const store = await openStore(`file:${path.join(folder, 'rotate')}`, { clock, log: silentLog, secrets: { file } });
    await store.close();
    for (const bad of ['', 'short', 'x'.repeat(44), `${newKey}${newKey}`]) {
      await assert.rejects(openStore(`file:${folder}/bad`, sealedBy(bad)), { code: 'store-key-invalid' });
    }
    writeFileSync(file, '\n');
    await assert.rejects(openStore(`file:${folder}/bad`, { clock, log: silentLog, secrets: { file } }), {
      code: 'store-key-invalid',
    });
  });
});

describe('PostgreSQL', { skip: 'missing' in postgres && postgres.missing }, () => {
  const dump = async (url: string): Promise<string> => {
    const db = new Client({ connectionString: url });
    await db.connect();
    const { rows } = await db.query('select * from entity');
    await db.end();
    return JSON.stringify(rows);
  };

  it('holds no secret in plain, refuses a wrong key and takes part in a rotation', async () => {
    const url = await (postgres as Postgres).database();
    await openStore(url, sealedBy(oldKey)).then(async (store) => {
      await store.putAll(items);
      await store.close();
    });
    assert.doesNotMatch(await dump(url), /hidden-/);
    await assert.rejects(openStore(url, sealedBy(newKey)), { code: 'store-key' });
    const [one, two] = await Promise.all([
      openStore(url, sealedBy(newKey, oldKey)),
      openStore(url, sealedBy(newKey, oldKey)),
    ]);
    assert.deepEqual(await one.get('carrier', 'c'), items[2]?.entity);
    await Promise.all([one.close(), two.close()]);
    const store = await openStore(url, sealedBy(newKey));
    for (const { kind, entity } of items) assert.deepEqual(await store.get(kind, entity.sid), entity);
    await store.close();
  });

  it('seals what an older version wrote in plain', async () => {
    const url = await (postgres as Postgres).database();
    await (await openStore(url, sealedBy(oldKey))).close();
    const db = new Client({ connectionString: url });
    await db.connect();
    for (const { kind, entity } of items)
      await db.query('insert into entity values ($1, $2, $3, $4)', [kind, entity.sid, 'a', JSON.stringify(entity)]);
    await db.end();
    const store = await openStore(url, sealedBy(oldKey));
    assert.doesNotMatch(await dump(url), /hidden-/);
    assert.deepEqual(await store.get('carrier', 'c'), items[2]?.entity);
    await store.close();
  });

  it('has no folder for a key, so it says that one must be named', async () => {
    const url = await (postgres as Postgres).database();
    await assert.rejects(openStore(url, { clock, log: silentLog }), {
      code: 'store-key-file',
      message: /store\.key_file/,
    });
  });
});
