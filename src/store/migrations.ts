/** The tables, version by version. A migration that was released is never edited; a new one is added below it. */
import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from 'kysely';
import { GraineError, messageOf } from '../base/index.ts';
import { storeMigration } from './errors.ts';
import type { Tables } from './schema.ts';

export type Engine = 'sqlite' | 'postgres';

async function provisioning(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await db.schema
    .createTable('entity')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('sid', 'text', (c) => c.notNull())
    .addColumn('account_sid', 'text', (c) => c.notNull())
    .addColumn('document', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('entity_pk', ['kind', 'sid'])
    .execute();
  await db.schema.createIndex('entity_account').on('entity').columns(['kind', 'account_sid']).execute();
  await db.schema
    .createTable('entity_key')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('sid', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('entity_key_pk', ['kind', 'scope', 'name'])
    .execute();
  await db.schema.createIndex('entity_key_sid').on('entity_key').columns(['kind', 'sid']).execute();
  await db.schema
    .createTable('entity_reference')
    .addColumn('from_kind', 'text', (c) => c.notNull())
    .addColumn('from_sid', 'text', (c) => c.notNull())
    .addColumn('to_kind', 'text', (c) => c.notNull())
    .addColumn('to_sid', 'text', (c) => c.notNull())
    .addColumn('part', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('entity_reference_pk', ['from_kind', 'from_sid', 'to_kind', 'to_sid'])
    .execute();
  await db.schema.createIndex('entity_reference_to').on('entity_reference').columns(['to_kind', 'to_sid']).execute();
  const seq = engine === 'sqlite' ? sql`integer primary key autoincrement` : sql`bigserial primary key`;
  await sql`create table entity_change (seq ${seq}, kind text not null, sid text not null)`.execute(db);
  await db.schema
    .createTable('setting')
    .addColumn('name', 'text', (c) => c.notNull().primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}

async function cdrs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('cdr')
    .addColumn('call_sid', 'text', (c) => c.notNull().primaryKey())
    .addColumn('account_sid', 'text', (c) => c.notNull())
    .addColumn('application_sid', 'text')
    .addColumn('parent_call_sid', 'text')
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('from_user', 'text', (c) => c.notNull())
    .addColumn('to_user', 'text', (c) => c.notNull())
    .addColumn('answered', 'integer', (c) => c.notNull())
    .addColumn('sip_call_id', 'text', (c) => c.notNull())
    .addColumn('sip_parent_call_id', 'text')
    .addColumn('sip_status', 'integer', (c) => c.notNull())
    .addColumn('duration', 'integer', (c) => c.notNull())
    .addColumn('attempted_at', 'bigint', (c) => c.notNull())
    .addColumn('answered_at', 'bigint')
    .addColumn('terminated_at', 'bigint', (c) => c.notNull())
    .addColumn('termination_reason', 'text', (c) => c.notNull())
    .addColumn('terminated_by', 'text', (c) => c.notNull())
    .addColumn('trunk', 'text', (c) => c.notNull())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('remote_host', 'text', (c) => c.notNull())
    .addColumn('trace_id', 'text', (c) => c.notNull())
    .addColumn('recording_url', 'text')
    .addColumn('mos', 'double precision')
    .addColumn('packets_lost_percent', 'double precision')
    .addColumn('jitter_ms', 'double precision')
    .addColumn('round_trip_ms', 'double precision')
    .execute();
  await db.schema.createIndex('cdr_account_time').on('cdr').columns(['account_sid', 'attempted_at']).execute();
}

async function alerts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('alert')
    .addColumn('sid', 'text', (c) => c.notNull().primaryKey())
    .addColumn('time', 'bigint', (c) => c.notNull())
    .addColumn('account_sid', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('detail', 'text')
    .addColumn('url', 'text')
    .addColumn('status', 'integer')
    .addColumn('call_sid', 'text')
    .execute();
  await db.schema.createIndex('alert_account_time').on('alert').columns(['account_sid', 'time']).execute();
}

async function access(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('sid', 'text', (c) => c.notNull().primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('account_sid', 'text', (c) => c.notNull())
    .addColumn('user_sid', 'text')
    .addColumn('key_sid', 'text')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('what', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('audit_account_time').on('audit').columns(['account_sid', 'at']).execute();
  await db.schema.createIndex('audit_time').on('audit').columns(['at']).execute();
  await db.schema
    .createTable('web_session')
    .addColumn('hash', 'text', (c) => c.notNull().primaryKey())
    .addColumn('user_sid', 'text')
    .addColumn('key_sid', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('web_session_user').on('web_session').columns(['user_sid']).execute();
  await db.schema.createIndex('web_session_key').on('web_session').columns(['key_sid']).execute();
}

function versions(engine: Engine): Record<string, Migration> {
  return {
    '0001-first': {
      up: async (db: Kysely<unknown>) => {
        await provisioning(db, engine);
        await cdrs(db);
        await alerts(db);
      },
    },
    '0002-access': { up: access },
  };
}

/** Brings the tables up to date. Processes that start together take turns: an advisory lock in PostgreSQL, an immediate
 * transaction in SQLite; the second finds nothing left to do. */
export async function migrate(db: Kysely<Tables>, engine: Engine): Promise<void> {
  const provider: MigrationProvider = { getMigrations: async () => versions(engine) };
  const migrator = new Migrator({
    db,
    provider,
    migrationTableName: 'graine_migration',
    migrationLockTableName: 'graine_migration_lock',
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new GraineError(storeMigration, { reason: messageOf(error) }, { cause: error });
}
