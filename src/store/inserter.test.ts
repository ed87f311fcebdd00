import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serialize } from 'node:v8';
import { Kysely } from 'kysely';
import { inserterOf } from './inserter.ts';
import type { Tables } from './schema.ts';
import { ThreadDialect } from './sqlite/dialect.ts';
import type { Result, SqliteLink } from './sqlite/link.ts';

function alertsOf(count: number) {
  const asked: { readonly sql: string; readonly values: readonly unknown[] }[] = [];
  const query = (sql: string, values: readonly unknown[]): Promise<Result> => {
    asked.push({ sql, values });
    return Promise.resolve({ rows: [], changes: values.length / 2 });
  };
  const db = new Kysely<Tables>({ dialect: new ThreadDialect({ query } as unknown as SqliteLink) });
  const rowOf = (sid: number) => ({ sid: `alert ${sid}`, message: 'why (?) not' });
  const into = inserterOf<number>({ db, engine: 'sqlite', table: 'alert', key: 'sid', rowOf });
  return { asked, into, sources: Array.from({ length: count }, (_, sid) => sid) };
}

describe('rows for SQLite', () => {
  for (const [waiting, sizes] of [
    [5, [5]],
    [58, [56, 2]],
    [64, [64]],
    [141, [64, 64, 8, 5]],
  ] as const)
    it(`${waiting} that wait go in statements of ${sizes.join(', ')}, each with a place a value`, async () => {
      const { asked, into, sources } = alertsOf(waiting);
      while (sources.length > 0) await into.insert(sources.splice(0, into.batch(sources.length)));
      const rows = asked.map(({ values }) => values.length / 2);
      assert.deepEqual(rows, sizes);
      for (const { sql, values } of asked) assert.equal(sql.split('?').length - 1, values.length);
      assert.equal(asked[0]?.values[2], 'alert 1');
    });

  it('go to the thread without an index a value', async () => {
    const { asked, into, sources } = alertsOf(8);
    await into.insert(sources);
    // V8's format: two bytes of version, then A for a dense array, a for one of indexes and values.
    assert.equal(String.fromCharCode(serialize(asked[0]?.values)[2] ?? 0), 'A');
  });
});
