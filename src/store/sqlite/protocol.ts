/** What crosses the thread line between the server and its database. Plain data only. */

export type WorkerSetup = {
  /** A path, or `:memory:`. */
  readonly path: string;
  /** Most pages the file may have; for tests of a full disk. */
  readonly maxPages?: number;
};

export type Value = string | number | bigint | null | Buffer;

export type Request =
  | { readonly id: number; readonly do: 'query'; readonly sql: string; readonly values: readonly unknown[] }
  | { readonly id: number; readonly do: 'begin' | 'commit' | 'rollback' | 'close' };

export type Reply =
  | { readonly id: number; readonly ok: true; readonly rows: readonly unknown[]; readonly changes: number | undefined }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };
