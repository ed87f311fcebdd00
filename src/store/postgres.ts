/** PostgreSQL behind the same kysely. */
import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { type CustomTypesConfig, Pool, type PoolClient, types } from 'pg';
import type { Log } from '../base/index.ts';
import { messageOf } from '../base/index.ts';

const int8 = 20;

/** Connections a node opens at most: `max_connections` of the server is shared by all nodes. */
const MOST_CONNECTIONS = 4;

export type Patience = {
  /** Longest a statement may run in the server, ms. */
  readonly statementMs: number;
  /** How much longer its word is waited for: past it the server, or the way to it, is gone. */
  readonly goneMs: number;
};

/** ms since the epoch and counts fit a double exactly; pg would hand them over as text. */
const parsers: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- pg's own table of ids, passed through
    oid === int8 ? Number : (types.getTypeParser as CustomTypesConfig['getTypeParser'])(oid, format),
};

export function postgresDialect(url: string, log: Log, { statementMs, goneMs }: Patience): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    types: parsers,
    max: MOST_CONNECTIONS,
    application_name: 'graine',
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementMs,
    query_timeout: statementMs + goneMs,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
  });
  // An idle connection that breaks must not end the process; the pool opens another when one is needed.
  pool.on('error', (fault) => log.warn({ reason: messageOf(fault) }, 'an idle database connection broke'));
  return new PostgresDialect({ pool: new Discarding(pool) });
}

/** The pool, but for connections that owe an answer: pg would hand them out again, and whoever got one would wait for the
 * answer before his. A database that was cut off is back with the first new connection, not when the kernel gives up on
 * the old ones. */
class Discarding implements PostgresPool {
  readonly #pool: Pool;
  readonly #known = new WeakMap<PoolClient, PostgresPoolClient>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect();
    const known = this.#known.get(client) ?? discarding(client);
    this.#known.set(client, known);
    return known;
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

function discarding(client: PoolClient): PostgresPoolClient {
  let owed: Error | undefined;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    // The rollback after it would wait as long again.
    if (owed !== undefined) throw owed;
    try {
      return await client.query(text, [...values]);
    } catch (fault) {
      if (fault instanceof Error && fault.message === 'Query read timeout') owed = fault;
      throw fault;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => client.release(owed),
  };
}

/** A store URL without its password; up to the last @, for a password may hold anything. */
export function maskedUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):.*@/, '$1:********@');
}
