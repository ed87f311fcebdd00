/** Rows of one table on their way into it, many in one statement. A row that is there already stays as it is, so a batch whose
 * answer was lost can be sent again. */
import { CompiledQuery, type Kysely } from 'kysely';
import type { Engine } from './migrations.ts';
import type { Tables } from './schema.ts';

export type Inserter<Source> = {
  /** How many of these that wait go into one statement. */
  batch(waiting: number): number;
  /** As many as `batch` said. */
  insert(sources: readonly Source[]): Promise<void>;
};

type Parts<Source> = {
  readonly db: Kysely<Tables>;
  readonly engine: Engine;
  readonly table: 'cdr' | 'alert' | 'audit';
  readonly key: string;
  readonly rowOf: (source: Source) => object;
};

/** Rows of one statement at most. */
export const mostAtOnce = 64;

export function inserterOf<Source>(parts: Parts<Source>): Inserter<Source> {
  return parts.engine === 'sqlite' ? new ValuesInserter(parts) : new JsonInserter(parts);
}

/** Eights go in one statement, what is left in another: each is a commit, but each size is kept prepared, too. */
const eight = 8;

/** A value each: 64 rows of 26 columns are far under the limit of SQLite. */
class ValuesInserter<Source> implements Inserter<Source> {
  readonly #parts: Parts<Source>;
  /** By how many rows it takes. */
  readonly #statements = new Map<number, string>();

  constructor(parts: Parts<Source>) {
    this.#parts = parts;
  }

  batch(waiting: number): number {
    const most = Math.min(waiting, mostAtOnce);
    return most < eight ? most : most - (most % eight);
  }

  async insert(sources: readonly Source[]): Promise<void> {
    const rows = sources.map(this.#parts.rowOf);
    // Not by flatMap, which takes several times as long.
    const values: unknown[] = [];
    for (const row of rows) values.push(...(Object.values(row) as unknown[]));
    await this.#parts.db.executeQuery(CompiledQuery.raw(this.#statement(rows), values));
  }

  #statement(rows: readonly object[]): string {
    const known = this.#statements.get(rows.length);
    if (known !== undefined) return known;
    const { db, table, key } = this.#parts;
    const one = db
      .insertInto(table)
      .values(rows[0] as never)
      .onConflict((conflict) => conflict.column(key as never).doNothing())
      .compile().sql;
    // To compile it with all rows takes longer than the database takes for them.
    const made = one.replace(/\(\?[^)]*\)/, (values) => rows.map(() => values).join(', '));
    this.#statements.set(rows.length, made);
    return made;
  }
}

/** PostgreSQL takes the rows as one JSON text: its driver spends on each parameter what this spends on a row. */
class JsonInserter<Source> implements Inserter<Source> {
  readonly #parts: Parts<Source>;
  #statement: string | undefined;

  constructor(parts: Parts<Source>) {
    this.#parts = parts;
  }

  batch(waiting: number): number {
    return Math.min(waiting, mostAtOnce);
  }

  async insert(sources: readonly Source[]): Promise<void> {
    const rows = sources.map(this.#parts.rowOf);
    const [first] = rows;
    if (first === undefined) return;
    this.#statement ??= this.#statementFor(Object.keys(first));
    const text = JSON.stringify(rows);
    // Half a surrogate pair, which UTF-8 cannot hold: JSON escapes it, and PostgreSQL would refuse it.
    const sound = text.includes(String.raw`\ud`) ? JSON.stringify(rows, wellFormed) : text;
    await this.#parts.db.executeQuery(CompiledQuery.raw(this.#statement, [sound]));
  }

  #statementFor(columns: readonly string[]): string {
    const { table, key } = this.#parts;
    const list = columns.map((name) => `"${name}"`).join(', ');
    return `insert into "${table}" (${list}) select ${list} from json_populate_recordset(null::"${table}", $1::json) on conflict ("${key}") do nothing`;
  }
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value).toString() : value;
}
