/** Brings every document under the key that seals now: rows an older version wrote in plain, and rows of an older key. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';

const chunk = 500;

/** Refuses, changing nothing, when a row was sealed by a key that is not here. Returns how many rows were sealed anew. */
export async function reseal(db: Kysely<Tables>, sealer: Sealer): Promise<number> {
  const used = await db
    .selectFrom('entity')
    .select(sql<string>`distinct substr(document, 1, 12)`.as('head'))
    .execute();
  const heads = used.map(({ head }) => head);
  if (heads.every((head) => sealer.isCurrent(head))) return 0;
  const foreign = heads.filter((head) => head.startsWith('g1:') && !sealer.knows(head));
  if (foreign.length > 0) throw sealer.unknown(foreign.map((head) => head.slice(3, 11)));
  let done = 0;
  for (let some = await old(db, sealer); some.length > 0; some = await old(db, sealer)) {
    await db.transaction().execute(async (trx) => {
      for (const { kind, sid, document } of some) {
        const sealed = sealer.seal({ kind, sid }, sealer.open({ kind, sid }, document));
        // Only what is still as it was read: another node may have written meanwhile.
        const same = trx.updateTable('entity').set({ document: sealed }).where('kind', '=', kind);
        await same.where('sid', '=', sid).where('document', '=', document).execute();
      }
    });
    done += some.length;
  }
  return done;
}

function old(db: Kysely<Tables>, sealer: Sealer) {
  return db
    .selectFrom('entity')
    .select(['kind', 'sid', 'document'])
    .where('document', 'not like', `g1:${sealer.current}:%`)
    .limit(chunk)
    .execute();
}
