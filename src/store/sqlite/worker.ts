/** The thread that owns the SQLite file. All of SQLite's waiting (fsync above all) happens here, never in the server's thread. */
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';
import type { Reply, Request, Value, WorkerSetup } from './protocol.ts';

const setup = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('store/sqlite/worker.ts runs as a worker thread only');

/** Statements are few (the repository's own); the cache is bounded all the same. */
const statements = new Map<string, Database.Statement>();
let db: Database.Database | undefined;

function open(): Database.Database {
  const inMemory = setup.path === ':memory:';
  if (!inMemory) mkdirSync(path.dirname(setup.path), { recursive: true, mode: 0o700 });
  const opened = new Database(setup.path, { timeout: 5_000 });
  // It holds passwords of users and carriers; SQLite gives its -wal and -shm files the same mode.
  if (!inMemory) chmodSync(setup.path, 0o600);
  opened.exec('pragma journal_mode = wal');
  // FULL: a commit that was reported is on the disk, so neither kill -9 nor a power cut loses it. The price, one fsync a
  // commit, is paid in this thread and shared by a whole batch of CDRs.
  opened.exec('pragma synchronous = full');
  // What is deleted or replaced may have been a secret.
  opened.exec('pragma secure_delete = on');
  if (setup.maxPages !== undefined) opened.exec(`pragma max_page_count = ${setup.maxPages}`);
  return opened;
}

function prepare(sql: string): Database.Statement {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= 200) statements.clear();
  const made = (db ??= open()).prepare(sql);
  statements.set(sql, made);
  return made;
}

/** libsql aborts the whole process on a type it does not know, so nothing else may reach it. */
function bindable(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new TypeError(`a ${typeof value} cannot be stored`);
}

function query(sql: string, values: readonly unknown[]): { rows: readonly unknown[]; changes: number | undefined } {
  const statement = prepare(sql);
  const bound = values.map(bindable);
  if (/^\s*(?:select|with|pragma)|\sreturning\s/i.test(sql)) return { rows: statement.all(bound), changes: undefined };
  return { rows: [], changes: statement.run(bound).changes };
}

function perform(request: Request): { rows: readonly unknown[]; changes: number | undefined } {
  db ??= open();
  const nothing = { rows: [], changes: undefined };
  switch (request.do) {
    case 'query':
      return query(request.sql, request.values);
    case 'begin':
      // Immediate: the write lock is taken at once, so two processes never deadlock half-way.
      db.exec('begin immediate');
      return nothing;
    case 'commit':
      db.exec('commit');
      return nothing;
    case 'rollback':
      // A full disk may have rolled it back already.
      if (db.inTransaction) db.exec('rollback');
      return nothing;
    case 'close':
      statements.clear();
      db.close();
      db = undefined;
      return nothing;
  }
}

port.on('message', (request: Request) => {
  let reply: Reply;
  try {
    reply = { id: request.id, ok: true, ...perform(request) };
  } catch (fault) {
    const code = (fault as { code?: unknown }).code;
    const message = fault instanceof Error ? fault.message : String(fault);
    reply = { id: request.id, ok: false, code: typeof code === 'string' ? code : 'SQLITE_MISUSE', message };
  }
  port.postMessage(reply);
  if (request.do === 'close') port.close();
});
