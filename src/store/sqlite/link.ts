/** The server's end of the database thread: numbered requests, answers as promises. */
import type { Worker } from 'node:worker_threads';
import { GraineError, type Log, spawnWorker } from '../../base/index.ts';
import { storeClosed } from '../errors.ts';
import type { Reply, Request, WorkerSetup } from './protocol.ts';

/** A refusal of SQLite. `code` is its name: SQLITE_FULL, SQLITE_CONSTRAINT_UNIQUE … */
export class SqliteFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'SqliteFault';
    this.code = code;
  }
}

export type Result = { readonly rows: readonly unknown[]; readonly changes: number | undefined };
type Waiting = { resolve(result: Result): void; reject(fault: Error): void };
// Spelled out a member of the union: Omit would merge them.
type Order =
  | { do: 'query'; sql: string; values: readonly unknown[] }
  | { do: 'begin' | 'commit' | 'rollback' | 'close' };

export class SqliteLink {
  readonly #log: Log;
  readonly #spawn: () => Worker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #seq = 0;
  #closed: Promise<void> | undefined;

  constructor(setup: WorkerSetup, log: Log, spawn = (): Worker => startThread(setup)) {
    this.#log = log;
    this.#spawn = spawn;
  }

  query(sql: string, values: readonly unknown[]): Promise<Result> {
    return this.#ask({ do: 'query', sql, values });
  }

  transaction(step: 'begin' | 'commit' | 'rollback'): Promise<Result> {
    return this.#ask({ do: step });
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    await this.#send(worker, { do: 'close' }).catch(() => undefined);
    await gone;
  }

  #ask(order: Order): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(new GraineError(storeClosed));
    this.#worker ??= this.#start();
    return this.#send(this.#worker, order);
  }

  #send(worker: Worker, order: Order): Promise<Result> {
    const id = ++this.#seq;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ id, ...order } satisfies Request);
    });
  }

  #start(): Worker {
    const worker = this.#spawn();
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply);
      else waiting?.reject(new SqliteFault(reply.code, reply.message));
    });
    worker.on('error', (fault) => this.#log.error({ fault }, 'the database thread failed'));
    worker.on('exit', (code) => this.#lost(worker, code));
    return worker;
  }

  /** The thread is gone. What waited for it fails; unless we are closing, the next request starts another one. */
  #lost(worker: Worker, code: number): void {
    if (this.#closed === undefined) this.#log.error({ code }, 'the database thread ended; another one will be started');
    if (this.#worker === worker) this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) each.reject(new SqliteFault('SQLITE_THREAD', `the database thread ended with ${code}`));
  }
}

export function startThread(setup: WorkerSetup): Worker {
  return spawnWorker(import.meta.url, './worker.ts', { workerData: setup, name: 'store' });
}
