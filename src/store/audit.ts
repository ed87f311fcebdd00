/** The audit log: written once, read by page, pruned. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { AuditEntry, AuditQuery, Page } from '../ports/index.ts';
import { type Inserter, inserterOf } from './inserter.ts';
import type { Engine } from './migrations.ts';
import { span } from './records.ts';
import type { AuditTable, Tables } from './schema.ts';
import { plain } from './text.ts';

function rowOf({ sid, at, accountSid, who, action, what, address, detail }: AuditEntry): AuditTable {
  return {
    sid: plain(sid),
    at: Math.round(at),
    account_sid: plain(accountSid),
    user_sid: who.userSid === undefined ? null : plain(who.userSid),
    key_sid: who.keySid === undefined ? null : plain(who.keySid),
    name: plain(who.name),
    role: who.role,
    action: plain(action),
    what: plain(what),
    address: plain(address),
    detail: plain(JSON.stringify(detail)),
  };
}

function entryOf(row: AuditTable): AuditEntry {
  return {
    sid: row.sid,
    at: row.at,
    accountSid: row.account_sid,
    who: {
      ...(row.user_sid === null ? {} : { userSid: row.user_sid }),
      ...(row.key_sid === null ? {} : { keySid: row.key_sid }),
      name: row.name,
      role: row.role as AuditEntry['who']['role'],
    },
    action: row.action,
    what: row.what,
    address: row.address,
    detail: JSON.parse(row.detail) as AuditEntry['detail'],
  };
}

export class AuditRows {
  readonly #db: Kysely<Tables>;
  readonly into: Inserter<AuditEntry>;

  constructor(db: Kysely<Tables>, engine: Engine) {
    this.#db = db;
    this.into = inserterOf({ db, engine, table: 'audit', key: 'sid', rowOf });
  }

  async page(query: AuditQuery): Promise<Page<AuditEntry>> {
    const { page, count } = span(query);
    const where = (e: ExpressionBuilder<Tables, 'audit'>) =>
      e.and([
        ...(query.accountSid === undefined ? [] : [e('account_sid', '=', plain(query.accountSid))]),
        ...(query.start === undefined ? [] : [e('at', '>=', query.start)]),
        ...(query.end === undefined ? [] : [e('at', '<', query.end)]),
      ]);
    const counted = await this.#db
      .selectFrom('audit')
      .select(sql<number>`count(*)`.as('total'))
      .where(where)
      .executeTakeFirst();
    const rows = await this.#db
      .selectFrom('audit')
      .selectAll()
      .where(where)
      .orderBy('at', 'desc')
      .orderBy('sid')
      .limit(count)
      .offset((page - 1) * count)
      .execute();
    return { total: Number(counted?.total ?? 0), page, batch: count, data: rows.map(entryOf) };
  }

  async prune(before: number, most: number): Promise<void> {
    await this.#db.deleteFrom('audit').where('at', '<', before).execute();
    // The oldest of those that may stay; rows of the same millisecond stay with it.
    const last = await this.#db
      .selectFrom('audit')
      .select('at')
      .orderBy('at', 'desc')
      .offset(Math.max(0, most - 1))
      .limit(1)
      .executeTakeFirst();
    if (last !== undefined) await this.#db.deleteFrom('audit').where('at', '<', last.at).execute();
  }
}
