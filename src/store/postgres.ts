/** PostgreSQL behind the same kysely. */
import { PostgresDialect } from 'kysely';
import { type CustomTypesConfig, Pool, types } from 'pg';
import type { Log } from '../base/index.ts';
import { messageOf } from '../base/index.ts';

const int8 = 20;

/** ms since the epoch and counts fit a double exactly; pg would hand them over as text. */
const parsers: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- pg's own table of ids, passed through
    oid === int8 ? Number : (types.getTypeParser as CustomTypesConfig['getTypeParser'])(oid, format),
};

export function postgresDialect(url: string, log: Log): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    types: parsers,
    max: 4,
    application_name: 'graine',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
  });
  // An idle connection that breaks must not end the process; the pool opens another when one is needed.
  pool.on('error', (fault) => log.warn({ reason: messageOf(fault) }, 'an idle database connection broke'));
  return new PostgresDialect({ pool });
}

/** A store URL without its password; up to the last @, for a password may hold anything. */
export function maskedUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):.*@/, '$1:********@');
}
