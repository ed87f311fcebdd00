/** The store behind its URL: the same repositories on either engine. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Kysely } from 'kysely';
import { type Clock, GraineError, type Log, messageOf } from '../base/index.ts';
import type { Alert, AlertQuery, Cdr, CdrQuery, Entities, Kind, Page, Store } from '../ports/index.ts';
import { storeAway, storeUnreachable, storeUrl } from './errors.ts';
import { type Engine, migrate } from './migrations.ts';
import { maskedUrl, postgresDialect } from './postgres.ts';
import { type Changes, type Item, Provisioning } from './provisioning.ts';
import { Records } from './records.ts';
import type { Tables } from './schema.ts';
import { Settings } from './settings.ts';
import { Spool, type SpoolStats } from './spool.ts';
import { ThreadDialect } from './sqlite/dialect.ts';
import { SqliteLink } from './sqlite/link.ts';

export type StoreOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** For tests of a full disk: most pages the SQLite file may have. */
  readonly maxPages?: number;
  /** Most rows that wait for the database, CDRs and alerts each. */
  readonly spoolRows?: number;
};

/** A Store, and what the directory needs to follow other nodes. */
export interface OpenStore extends Store {
  /** True when other nodes write to the same database. */
  readonly shared: boolean;
  changes(seq: number): Promise<Changes>;
  lastChange(): Promise<number>;
  stats(): { cdrs: Readonly<SpoolStats>; alerts: Readonly<SpoolStats> };
}

type Opened = { readonly db: Kysely<Tables>; readonly engine: Engine; readonly shared: boolean };

/** `file:./data` (a folder, or a name that ends in .db), `memory:` or `postgres://…`. Tables are brought up to date. */
export async function openStore(url: string, options: StoreOptions): Promise<OpenStore> {
  const opened = connect(url, options);
  try {
    await migrate(opened.db, opened.engine);
  } catch (fault) {
    await opened.db.destroy().catch(() => undefined);
    const reason = messageOf(fault instanceof Error && fault.cause !== undefined ? fault.cause : fault);
    if (isAway(fault)) throw new GraineError(storeUnreachable, { url: maskedUrl(url), reason }, { cause: fault });
    throw fault;
  }
  return new SqlStore(opened, options);
}

function connect(url: string, { log, maxPages }: StoreOptions): Opened {
  const sqlite = (file: string): Opened => {
    const link = new SqliteLink(maxPages === undefined ? { path: file } : { path: file, maxPages }, log);
    return { db: new Kysely<Tables>({ dialect: new ThreadDialect(link) }), engine: 'sqlite', shared: false };
  };
  if (url === 'memory:') return sqlite(':memory:');
  if (url.startsWith('file:') && url.length > 5) return sqlite(databaseFile(url));
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    return { db: new Kysely<Tables>({ dialect: postgresDialect(url, log) }), engine: 'postgres', shared: true };
  }
  throw new GraineError(storeUrl, { url: maskedUrl(url) });
}

function databaseFile(url: string): string {
  const named = url.startsWith('file://') ? decodeURI(new URL(url).pathname) : url.slice('file:'.length);
  const isFile = /\.(db|sqlite3?)$/.test(named) || (existsSync(named) && statSync(named).isFile());
  return path.resolve(isFile ? named : path.join(named, 'graine.db'));
}

function codeOf(fault: unknown): string {
  const code = (fault as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** Anything but a refusal of our own tables: no folder, no network, no permission, no such database. */
function isAway(fault: unknown): boolean {
  const cause = fault instanceof Error && fault.cause !== undefined ? fault.cause : fault;
  const code = codeOf(cause);
  return code !== '' && !/^(SQLITE_ERROR|SQLITE_CONSTRAINT|42[^5]|23|22)/.test(code);
}

/** PostgreSQL classes 22 (data) and 23 (constraint), or SQLite's counterparts: the row's own fault. */
function isRowFault(fault: unknown): boolean {
  if (fault instanceof TypeError) return true;
  return /^(22|23)\w{3}$|^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(codeOf(fault));
}

/** What the engine says becomes a fault with a code of ours; the engine's own is its cause. */
async function coded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (fault) {
    if (fault instanceof GraineError) throw fault;
    throw new GraineError(storeAway, { reason: messageOf(fault) }, { cause: fault });
  }
}

class SqlStore implements OpenStore {
  readonly shared: boolean;
  readonly #db: Kysely<Tables>;
  readonly #provisioning: Provisioning;
  readonly #records: Records;
  readonly #settings: Settings;
  readonly #cdrSpool: Spool<Cdr>;
  readonly #alertSpool: Spool<Alert>;
  #closed: Promise<void> | undefined;

  constructor({ db, engine, shared }: Opened, options: StoreOptions) {
    this.shared = shared;
    this.#db = db;
    this.#provisioning = new Provisioning(db, engine);
    const records = new Records(db);
    this.#records = records;
    this.#settings = new Settings(db);
    const common = { clock: options.clock, log: options.log, isRowFault };
    const bound = options.spoolRows === undefined ? common : { ...common, capacity: options.spoolRows };
    this.#cdrSpool = new Spool<Cdr>({ ...bound, name: 'cdr', insert: (rows) => records.insertCdrs(rows) });
    this.#alertSpool = new Spool<Alert>({ ...bound, name: 'alert', insert: (rows) => records.insertAlerts(rows) });
  }

  list<K extends Kind>(kind: K, accountSid?: string): Promise<Entities[K][]> {
    return coded(this.#provisioning.list(kind, accountSid));
  }

  get<K extends Kind>(kind: K, sid: string): Promise<Entities[K] | undefined> {
    return coded(this.#provisioning.get(kind, sid));
  }

  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void> {
    return coded(this.#provisioning.putAll([{ kind, entity } as Item]));
  }

  putAll(entities: readonly Item[]): Promise<void> {
    return coded(this.#provisioning.putAll(entities));
  }

  remove(kind: Kind, sid: string): Promise<boolean> {
    return coded(this.#provisioning.remove(kind, sid));
  }

  changes(seq: number): Promise<Changes> {
    return coded(this.#provisioning.changes(seq));
  }

  lastChange(): Promise<number> {
    return coded(this.#provisioning.lastChange());
  }

  setting(name: string): Promise<string | undefined> {
    return coded(this.#settings.get(name));
  }

  putSetting(name: string, value: string): Promise<void> {
    return coded(this.#settings.put(name, value));
  }

  appendCdr(cdr: Cdr): void {
    this.#cdrSpool.append(cdr);
  }

  appendAlert(alert: Alert): void {
    this.#alertSpool.append(alert);
  }

  async flush(): Promise<void> {
    await Promise.all([this.#cdrSpool.flush(), this.#alertSpool.flush()]);
  }

  cdrs(query: CdrQuery): Promise<Page<Cdr>> {
    return coded(this.#records.cdrs(query));
  }

  cdr(callSid: string): Promise<Cdr | undefined> {
    return coded(this.#records.cdr(callSid));
  }

  alerts(query: AlertQuery): Promise<Page<Alert>> {
    return coded(this.#records.alerts(query));
  }

  stats(): { cdrs: Readonly<SpoolStats>; alerts: Readonly<SpoolStats> } {
    return { cdrs: this.#cdrSpool.stats, alerts: this.#alertSpool.stats };
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all([this.#cdrSpool.close(), this.#alertSpool.close()]);
    await this.#db.destroy();
  }
}
