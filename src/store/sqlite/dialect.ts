/** kysely's driver for the database thread. One connection: SQLite has one writer anyway. */
import {
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { CompiledQuery } from 'kysely';
import type { SqliteLink } from './link.ts';

class ThreadConnection implements DatabaseConnection {
  readonly #link: SqliteLink;

  constructor(link: SqliteLink) {
    this.#link = link;
  }

  async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    // A copy, since kysely freezes its own: V8 sends a frozen array to a thread with an index a value, which takes both ends
    // longer.
    const { rows, changes } = await this.#link.query(compiled.sql, [...compiled.parameters]);
    return changes === undefined ? { rows: rows as R[] } : { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  // oxlint-disable-next-line require-yield -- the interface demands a generator; nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store does not stream');
  }
}

/** Lets one in at a time, first come, first served. */
class Turnstile {
  #last: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;

  async enter(): Promise<void> {
    const before = this.#last;
    let release = (): void => {};
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
  }

  leave(): void {
    this.#release?.();
  }
}

class ThreadDriver implements Driver {
  readonly #link: SqliteLink;
  readonly #connection: ThreadConnection;
  readonly #turn = new Turnstile();

  constructor(link: SqliteLink) {
    this.#link = link;
    this.#connection = new ThreadConnection(link);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turn.enter();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#turn.leave();
  }

  async beginTransaction(): Promise<void> {
    await this.#link.transaction('begin');
  }

  async commitTransaction(): Promise<void> {
    await this.#link.transaction('commit');
  }

  async rollbackTransaction(): Promise<void> {
    await this.#link.transaction('rollback');
  }

  async destroy(): Promise<void> {
    await this.#link.close();
  }
}

/** SQLite can roll a `create table` back; with that, all migrations run in one immediate transaction, which is the lock. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class ThreadDialect implements Dialect {
  readonly #link: SqliteLink;

  constructor(link: SqliteLink) {
    this.#link = link;
  }

  createDriver(): Driver {
    return new ThreadDriver(this.#link);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter();
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the type kysely's interface names
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}
