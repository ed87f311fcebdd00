/** The provisioned entities in SQL: unique names, references, and a log of changes for the other nodes. */
import { type Kysely, sql, type Transaction } from 'kysely';
import { GraineError } from '../base/index.ts';
import type { Entities, Kind } from '../ports/index.ts';
import { accountOf, claimsOf, referencesOf } from './entities.ts';
import { inUse, nameTaken, unknownReference } from './errors.ts';
import type { Engine } from './migrations.ts';
import type { Tables } from './schema.ts';

/** One entity with its kind. */
export type Item = { readonly [K in Kind]: { readonly kind: K; readonly entity: Entities[K] } }[Kind];

export type Changes = {
  /** Where to go on next time. */
  readonly seq: number;
  /** undefined: too long ago to tell, load everything. */
  readonly changed: readonly { readonly kind: Kind; readonly sid: string }[] | undefined;
};

type Trx = Transaction<Tables>;

/** How many changes are kept for nodes that were away. */
const keptChanges = 10_000;
/** Any constant will do, as long as every Graine uses the same one. */
const writeLock = 0x67726169;

export class Provisioning {
  readonly #db: Kysely<Tables>;
  readonly #engine: Engine;

  constructor(db: Kysely<Tables>, engine: Engine) {
    this.#db = db;
    this.#engine = engine;
  }

  async list<K extends Kind>(kind: K, accountSid?: string): Promise<Entities[K][]> {
    let query = this.#db.selectFrom('entity').select('document').where('kind', '=', kind);
    if (accountSid !== undefined) query = query.where('account_sid', '=', accountSid);
    const rows = await query.orderBy('sid').execute();
    return rows.map((row) => JSON.parse(row.document) as Entities[K]);
  }

  async get<K extends Kind>(kind: K, sid: string): Promise<Entities[K] | undefined> {
    const query = this.#db.selectFrom('entity').select('document').where('kind', '=', kind).where('sid', '=', sid);
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : (JSON.parse(row.document) as Entities[K]);
  }

  /** All or none. References are checked at the end, so the order within `items` does not matter. */
  putAll(items: readonly Item[]): Promise<void> {
    return this.#write(async (trx) => {
      // All names are given back before any is claimed: two entities may swap theirs.
      for (const { kind, entity } of items) await release(trx, kind, entity.sid);
      for (const item of items) await write(trx, item);
      for (const { kind, entity } of items) await checkReferences(trx, kind, entity);
    });
  }

  remove(kind: Kind, sid: string): Promise<boolean> {
    return this.#write((trx) => erase(trx, kind, sid));
  }

  /** What changed after `seq`, oldest first. */
  async changes(seq: number): Promise<Changes> {
    const rows = await this.#db.selectFrom('entity_change').selectAll().where('seq', '>', seq).orderBy('seq').execute();
    const last = rows.at(-1)?.seq ?? seq;
    // As many as are ever kept: older ones, which we never saw, may have been pruned.
    const lost = rows.length >= keptChanges;
    return { seq: last, changed: lost ? undefined : rows.map((row) => ({ kind: row.kind as Kind, sid: row.sid })) };
  }

  async lastChange(): Promise<number> {
    const row = await this.#db
      .selectFrom('entity_change')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst();
    return Number(row?.seq ?? 0);
  }

  /** Writers take turns, so that checks hold until the commit and changes are numbered in commit order. */
  #write<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.#db.transaction().execute(async (trx) => {
      if (this.#engine === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(writeLock)})`.execute(trx);
      return work(trx);
    });
  }
}

async function release(trx: Trx, kind: Kind, sid: string): Promise<void> {
  await trx.deleteFrom('entity_key').where('kind', '=', kind).where('sid', '=', sid).execute();
  await trx.deleteFrom('entity_reference').where('from_kind', '=', kind).where('from_sid', '=', sid).execute();
}

async function write(trx: Trx, { kind, entity }: Item): Promise<void> {
  await claim(trx, kind, entity);
  for (const { kind: to, sid, part } of referencesOf(kind, entity as never)) {
    await trx
      .insertInto('entity_reference')
      .values({ from_kind: kind, from_sid: entity.sid, to_kind: to, to_sid: sid, part: part ? 1 : 0 })
      .execute();
  }
  const row = { account_sid: accountOf(kind, entity as never), document: JSON.stringify(entity) };
  await trx
    .insertInto('entity')
    .values({ kind, sid: entity.sid, ...row })
    .onConflict((conflict) => conflict.columns(['kind', 'sid']).doUpdateSet(row))
    .execute();
  await announce(trx, kind, entity.sid);
}

async function announce(trx: Trx, kind: Kind, sid: string): Promise<void> {
  const { seq } = await trx
    .insertInto('entity_change')
    .values({ kind, sid } as never)
    .returning('seq')
    .executeTakeFirstOrThrow();
  await trx
    .deleteFrom('entity_change')
    .where('seq', '<=', Number(seq) - keptChanges)
    .execute();
}

async function claim(trx: Trx, kind: Kind, entity: Entities[Kind]): Promise<void> {
  for (const { scope, name } of claimsOf(kind, entity as never)) {
    const owner = await trx
      .selectFrom('entity_key')
      .select('sid')
      .where('kind', '=', kind)
      .where('scope', '=', scope)
      .where('name', '=', name)
      .executeTakeFirst();
    if (owner !== undefined) throw new GraineError(nameTaken, { kind, name: name.trim(), sid: owner.sid });
    await trx.insertInto('entity_key').values({ kind, scope, name, sid: entity.sid }).execute();
  }
}

async function checkReferences(trx: Trx, kind: Kind, entity: Entities[Kind]): Promise<void> {
  for (const target of referencesOf(kind, entity as never)) {
    const found = await trx
      .selectFrom('entity')
      .select('sid')
      .where('kind', '=', target.kind)
      .where('sid', '=', target.sid)
      .executeTakeFirst();
    if (found !== undefined) continue;
    throw new GraineError(unknownReference, { kind, sid: entity.sid, target: target.kind, targetSid: target.sid });
  }
}

async function erase(trx: Trx, kind: Kind, sid: string): Promise<boolean> {
  const pointing = await trx
    .selectFrom('entity_reference')
    .selectAll()
    .where('to_kind', '=', kind)
    .where('to_sid', '=', sid)
    .orderBy('from_kind')
    .orderBy('from_sid')
    .execute();
  const strangers = pointing.filter((row) => row.part === 0);
  if (strangers.length > 0) {
    const objects = strangers.map((row) => ({ kind: row.from_kind, sid: row.from_sid }));
    const users = objects.slice(0, 10).map((each) => `${each.kind} ${each.sid}`);
    if (objects.length > users.length) users.push(`${objects.length - users.length} more`);
    throw new GraineError(inUse, { kind, sid, users: users.join(', '), objects });
  }
  for (const row of pointing) await erase(trx, row.from_kind as Kind, row.from_sid);
  await release(trx, kind, sid);
  const result = await trx.deleteFrom('entity').where('kind', '=', kind).where('sid', '=', sid).executeTakeFirst();
  if (result.numDeletedRows === 0n) return false;
  await announce(trx, kind, sid);
  return true;
}
