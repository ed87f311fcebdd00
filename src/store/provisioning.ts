/** The provisioned entities in SQL: unique names, references, and a log of changes for the other nodes. */
import { type Kysely, sql, type Transaction } from 'kysely';
import { GraineError } from '../base/index.ts';
import type { Entities, Kind } from '../ports/index.ts';
import { accountOf, claimsOf, referencesOf } from './entities.ts';
import { plain } from './text.ts';
import { inUse, nameTaken, unknownReference } from './errors.ts';
import type { Engine } from './migrations.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';

/** One entity with its kind. */
export type Item = { readonly [K in Kind]: { readonly kind: K; readonly entity: Entities[K] } }[Kind];

type Changed = { readonly kind: Kind; readonly sid: string };

export type Changes = {
  /** Where to go on next time. */
  readonly seq: number;
  /** undefined: too long ago to tell, load everything. */
  readonly changed: readonly Changed[] | undefined;
};

type Trx = Transaction<Tables>;

/** How many changes are kept for nodes that were away. */
const keptChanges = 10_000;
/** Any constant will do, as long as every Graine uses the same one. */
const writeLock = 0x67726169;

export class Provisioning {
  readonly #db: Kysely<Tables>;
  readonly #engine: Engine;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, engine: Engine, sealer: Sealer) {
    this.#db = db;
    this.#engine = engine;
    this.#sealer = sealer;
  }

  async list<K extends Kind>(kind: K, accountSid?: string): Promise<Entities[K][]> {
    let query = this.#db.selectFrom('entity').select(['sid', 'document']).where('kind', '=', kind);
    if (accountSid !== undefined) query = query.where('account_sid', '=', plain(accountSid));
    const rows = await query.orderBy('sid').execute();
    return rows.map(({ sid, document }) => JSON.parse(this.#sealer.open({ kind, sid }, document)) as Entities[K]);
  }

  async get<K extends Kind>(kind: K, sid: string): Promise<Entities[K] | undefined> {
    const query = this.#db
      .selectFrom('entity')
      .select('document')
      .where('kind', '=', kind)
      .where('sid', '=', plain(sid));
    const row = await query.executeTakeFirst();
    if (row === undefined) return undefined;
    return JSON.parse(this.#sealer.open({ kind, sid: plain(sid) }, row.document)) as Entities[K];
  }

  /** All or none. References are checked at the end, so the order within `items` does not matter. */
  putAll(given: readonly Item[]): Promise<void> {
    // Of two with one sid the later counts, as if they had been put one after the other.
    const items = [...new Map(given.map((each) => [`${each.kind} ${each.entity.sid}`, each])).values()];
    return this.#write(async (trx) => {
      const changed = items.map(({ kind, entity }) => ({ kind, sid: entity.sid }));
      // All names are given back before any is claimed: two entities may swap theirs.
      await release(trx, changed);
      await claim(trx, items);
      await write(trx, items, this.#sealer);
      await refer(trx, items);
      await announce(trx, changed);
    });
  }

  remove(kind: Kind, sid: string): Promise<boolean> {
    return this.#write((trx) => erase(trx, kind, plain(sid)));
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

/** Rows of one statement: under either engine's limit of parameters. */
const chunk = 200;

function chunks<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / chunk) }, (_, i) => list.slice(i * chunk, (i + 1) * chunk));
}

/** Gives back the names and references of these entities. */
async function release(trx: Trx, items: readonly Changed[]): Promise<void> {
  for (const kind of new Set(items.map((each) => each.kind))) {
    const sids = items.filter((each) => each.kind === kind).map((each) => each.sid);
    for (const some of chunks(sids)) {
      await trx.deleteFrom('entity_key').where('kind', '=', kind).where('sid', 'in', some).execute();
      await trx.deleteFrom('entity_reference').where('from_kind', '=', kind).where('from_sid', 'in', some).execute();
    }
  }
}

async function claim(trx: Trx, items: readonly Item[]): Promise<void> {
  const claims = items.flatMap(({ kind, entity }) => {
    return claimsOf(kind, entity as never).map(({ scope, name }) => ({
      kind,
      scope,
      name: plain(name),
      sid: entity.sid,
    }));
  });
  const owners = new Map<string, string>();
  for (const some of chunks(claims)) {
    const taken = await trx
      .selectFrom('entity_key')
      .selectAll()
      .where((e) =>
        e(
          e.refTuple('kind', 'scope', 'name'),
          'in',
          some.map((each) => e.tuple(each.kind, each.scope, each.name)),
        ),
      )
      .execute();
    for (const row of taken) owners.set(JSON.stringify([row.kind, row.scope, row.name]), row.sid);
  }
  for (const { kind, scope, name, sid } of claims) {
    const key = JSON.stringify([kind, scope, name]);
    const owner = owners.get(key);
    if (owner !== undefined) throw new GraineError(nameTaken, { kind, name: name.trim(), sid: owner });
    owners.set(key, sid);
  }
  for (const some of chunks(claims)) await trx.insertInto('entity_key').values(some).execute();
}

async function write(trx: Trx, items: readonly Item[], sealer: Sealer): Promise<void> {
  const rows = items.map(({ kind, entity }) => {
    const { sid } = entity;
    const document = sealer.seal({ kind, sid }, JSON.stringify(entity));
    return { kind, sid, account_sid: accountOf(kind, entity as never), document };
  });
  for (const some of chunks(rows)) {
    await trx
      .insertInto('entity')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['kind', 'sid']).doUpdateSet((e) => ({
          account_sid: e.ref('excluded.account_sid'),
          document: e.ref('excluded.document'),
        })),
      )
      .execute();
  }
}

async function refer(trx: Trx, items: readonly Item[]): Promise<void> {
  const references = items.flatMap(({ kind, entity }) => {
    return referencesOf(kind, entity as never).map((to) => ({ kind, sid: entity.sid, to }));
  });
  const found = new Set<string>();
  const wanted = new Map(references.map(({ to }) => [`${to.kind} ${to.sid}`, to]));
  for (const some of chunks([...wanted.values()])) {
    const rows = await trx
      .selectFrom('entity')
      .select(['kind', 'sid'])
      .where((e) =>
        e(
          e.refTuple('kind', 'sid'),
          'in',
          some.map((each) => e.tuple(each.kind as string, each.sid)),
        ),
      )
      .execute();
    for (const row of rows) found.add(`${row.kind} ${row.sid}`);
  }
  for (const { kind, sid, to } of references) {
    if (found.has(`${to.kind} ${to.sid}`)) continue;
    throw new GraineError(unknownReference, { kind, sid, target: to.kind, targetSid: to.sid });
  }
  const rows = references.map(({ kind, sid, to }) => {
    return { from_kind: kind, from_sid: sid, to_kind: to.kind, to_sid: to.sid, part: to.part ? 1 : 0 };
  });
  for (const some of chunks(rows)) await trx.insertInto('entity_reference').values(some).execute();
}

async function announce(trx: Trx, items: readonly Changed[]): Promise<void> {
  let last = 0;
  for (const some of chunks(items)) {
    const values = some.map(({ kind, sid }) => ({ kind, sid }));
    const rows = await trx
      .insertInto('entity_change')
      .values(values as never)
      .returning('seq')
      .execute();
    last = Math.max(last, ...rows.map((row) => Number(row.seq)));
  }
  await trx
    .deleteFrom('entity_change')
    .where('seq', '<=', last - keptChanges)
    .execute();
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
  await release(trx, [{ kind, sid }]);
  const result = await trx.deleteFrom('entity').where('kind', '=', kind).where('sid', '=', sid).executeTakeFirst();
  if (result.numDeletedRows === 0n) return false;
  await announce(trx, [{ kind, sid }]);
  return true;
}
