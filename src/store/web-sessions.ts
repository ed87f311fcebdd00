/** Who is signed in at the portal: hashes of tokens, never tokens. */
import type { Kysely } from 'kysely';
import type { WebSession } from '../ports/index.ts';
import type { Tables, WebSessionTable } from './schema.ts';
import { plain } from './text.ts';

function sessionOf(row: WebSessionTable): WebSession {
  return {
    hash: row.hash,
    ...(row.user_sid === null ? {} : { userSid: row.user_sid }),
    ...(row.key_sid === null ? {} : { keySid: row.key_sid }),
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    address: row.address,
  };
}

export class WebSessionRows {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async put(session: WebSession): Promise<void> {
    const row: WebSessionTable = {
      hash: session.hash,
      user_sid: session.userSid ?? null,
      key_sid: session.keySid ?? null,
      created_at: session.createdAt,
      seen_at: session.seenAt,
      expires_at: session.expiresAt,
      address: plain(session.address),
    };
    await this.#db.insertInto('web_session').values(row).execute();
  }

  async get(hash: string): Promise<WebSession | undefined> {
    const row = await this.#db.selectFrom('web_session').selectAll().where('hash', '=', plain(hash)).executeTakeFirst();
    return row === undefined ? undefined : sessionOf(row);
  }

  async touch(hash: string, seenAt: number): Promise<void> {
    await this.#db.updateTable('web_session').set({ seen_at: seenAt }).where('hash', '=', hash).execute();
  }

  async remove(hash: string): Promise<void> {
    await this.#db.deleteFrom('web_session').where('hash', '=', hash).execute();
  }

  async of(owner: { readonly userSid: string } | { readonly keySid: string }): Promise<WebSession[]> {
    const all = this.#db.selectFrom('web_session').selectAll();
    const rows =
      'userSid' in owner
        ? all.where('user_sid', '=', plain(owner.userSid))
        : all.where('key_sid', '=', plain(owner.keySid));
    return (await rows.execute()).map(sessionOf);
  }

  async prune(now: number, seenBefore: number): Promise<string[]> {
    const rows = await this.#db
      .deleteFrom('web_session')
      .where((e) => e.or([e('expires_at', '<=', now), e('seen_at', '<=', seenBefore)]))
      .returning('hash')
      .execute();
    return rows.map(({ hash }) => hash);
  }
}
