/** The store behind its URL: the same repositories on either engine. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Kysely, sql } from 'kysely';
import { type Clock, GraineError, type Log, messageOf } from '../base/index.ts';
import type {
  Alert,
  AlertQuery,
  AuditEntry,
  AuditQuery,
  Cdr,
  CdrQuery,
  Entities,
  Kind,
  Page,
  Store,
  WebSession,
} from '../ports/index.ts';
import { AuditRows } from './audit.ts';
import { storeAway, storeKeyFile, storeMigration, storeUnreachable, storeUrl } from './errors.ts';
import { type Engine, migrate } from './migrations.ts';
import { maskedUrl, postgresDialect } from './postgres.ts';
import { type Changes, type Item, Provisioning } from './provisioning.ts';
import { Reach } from './reach.ts';
import { Records } from './records.ts';
import { reseal } from './reseal.ts';
import type { Tables } from './schema.ts';
import type { Sealer } from './sealer.ts';
import { passingSealer, sealerOf, type Secrets } from './secret-keys.ts';
import { Settings } from './settings.ts';
import { Spool, type SpoolStats } from './spool.ts';
import { SpoolFile } from './spool-file.ts';
import { ThreadDialect } from './sqlite/dialect.ts';
import { SqliteLink } from './sqlite/link.ts';
import { WebSessionRows } from './web-sessions.ts';

export type StoreOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** What seals the store. Default: the file `secret.key` beside the data; PostgreSQL has no such place and needs it told. */
  readonly secrets?: Secrets;
  /** PostgreSQL: longest a statement may run, ms. */
  readonly statementMs?: number;
  /** PostgreSQL: how much longer than that its word is waited for before its connection is given up, ms. */
  readonly goneMs?: number;
  /** For tests of a full disk: most pages the SQLite file may have. */
  readonly maxPages?: number;
  /** Most rows that wait for the database, CDRs and alerts each. */
  readonly spoolRows?: number;
  /** Folder where they wait too, so that they outlive the process; none: in memory alone. */
  readonly spoolFolder?: string | undefined;
};

/** A Store, and what the directory needs to follow other nodes. */
export interface OpenStore extends Store {
  /** True when other nodes write to the same database. */
  readonly shared: boolean;
  changes(seq: number): Promise<Changes>;
  lastChange(): Promise<number>;
  stats(): { cdrs: Readonly<SpoolStats>; alerts: Readonly<SpoolStats> };
  /** What seals its documents: for secrets that are kept elsewhere. */
  readonly sealer: Pick<Sealer, 'seal' | 'open'>;
}

const STATEMENT_MS = 30_000;
const GONE_MS = 5_000;
/** A new column of a long table takes its time, and so does the turn of another node that makes it. */
const MIGRATION_MS = 15 * 60_000;

type Opened = { readonly db: Kysely<Tables>; readonly engine: Engine; readonly shared: boolean };

/** `file:./data` (a folder, or a name that ends in .db), `memory:` or `postgres://…`. Tables are brought up to date. */
export async function openStore(url: string, options: StoreOptions): Promise<OpenStore> {
  const opened = connect(url, options);
  try {
    await (opened.shared ? migrateShared(url, options.log) : migrate(opened.db, opened.engine));
    return await unlock(opened, url, options);
  } catch (fault) {
    await opened.db.destroy().catch(() => undefined);
    if (fault instanceof GraineError && fault.code !== storeMigration) throw fault;
    const reason = messageOf(fault instanceof Error && fault.cause !== undefined ? fault.cause : fault);
    if (isAway(fault)) throw new GraineError(storeUnreachable, { url: maskedUrl(url), reason }, { cause: fault });
    throw fault;
  }
}

/** By connections of their own, which may wait: those of the work give up long before. */
async function migrateShared(url: string, log: Log): Promise<void> {
  const db = new Kysely<Tables>({ dialect: postgresDialect(url, log, { statementMs: MIGRATION_MS, goneMs: GONE_MS }) });
  try {
    await migrate(db, 'postgres');
  } finally {
    await db.destroy();
  }
}

async function unlock(opened: Opened, url: string, options: StoreOptions): Promise<OpenStore> {
  const { db, engine } = opened;
  const sealer = chooseSealer(url, options);
  const resealed = await reseal(db, sealer);
  if (resealed > 0)
    options.log.info({ rows: resealed, key: sealer.current }, 'documents were sealed with the current key');
  // What was there in plain must not stay in free pages or in the log of SQLite.
  if (resealed > 0 && engine === 'sqlite') {
    await sql`vacuum`.execute(db);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
  }
  return new SqlStore(opened, options, sealer);
}

function chooseSealer(url: string, options: StoreOptions): Sealer {
  return url === 'memory:' ? passingSealer() : sealerFor(url, options);
}

/** What seals a store, and what else is not to be read by others. */
export function sealerFor(url: string, { secrets, log }: Pick<StoreOptions, 'secrets' | 'log'>): Sealer {
  if (secrets !== undefined) return sealerOf(secrets, log);
  if (!url.startsWith('file:'))
    throw new GraineError(storeKeyFile, { file: '(none named)', reason: 'a shared database has no folder for one' });
  return sealerOf({ file: path.join(path.dirname(databaseFile(url)), 'secret.key') }, log);
}

function connect(url: string, options: StoreOptions): Opened {
  const { log, maxPages, statementMs = STATEMENT_MS, goneMs = GONE_MS } = options;
  const sqlite = (file: string): Opened => {
    const link = new SqliteLink(maxPages === undefined ? { path: file } : { path: file, maxPages }, log);
    return { db: new Kysely<Tables>({ dialect: new ThreadDialect(link) }), engine: 'sqlite', shared: false };
  };
  if (url === 'memory:') return sqlite(':memory:');
  if (url.startsWith('file:') && url.length > 5) return sqlite(databaseFile(url));
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    const dialect = postgresDialect(url, log, { statementMs, goneMs });
    return { db: new Kysely<Tables>({ dialect }), engine: 'postgres', shared: true };
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
  readonly sealer: Pick<Sealer, 'seal' | 'open'>;
  readonly #db: Kysely<Tables>;
  readonly #provisioning: Provisioning;
  readonly #records: Records;
  readonly #settings: Settings;
  readonly #cdrSpool: Spool<Cdr>;
  readonly #alertSpool: Spool<Alert>;
  readonly #audit: AuditRows;
  readonly #auditSpool: Spool<AuditEntry>;
  readonly #sessions: WebSessionRows;
  readonly #reach: Reach;
  #closed: Promise<void> | undefined;

  constructor({ db, engine, shared }: Opened, options: StoreOptions, sealer: Sealer) {
    this.shared = shared;
    this.sealer = sealer;
    this.#db = db;
    this.#provisioning = new Provisioning(db, engine, sealer);
    const records = new Records(db, engine);
    this.#records = records;
    this.#settings = new Settings(db);
    this.#reach = new Reach(options.clock);
    const common = { clock: options.clock, log: options.log, isRowFault, reach: this.#reach };
    const bound = options.spoolRows === undefined ? common : { ...common, capacity: options.spoolRows };
    const { spoolFolder: folder, log } = options;
    const fileOf = <Row>(name: string) => (folder === undefined ? undefined : new SpoolFile<Row>(folder, name, log));
    this.#cdrSpool = new Spool<Cdr>({
      ...bound,
      name: 'cdr',
      file: fileOf('cdr'),
      into: records.intoCdrs,
    });
    this.#alertSpool = new Spool<Alert>({
      ...bound,
      name: 'alert',
      file: fileOf('alert'),
      into: records.intoAlerts,
    });
    const audit = new AuditRows(db, engine);
    this.#audit = audit;
    this.#auditSpool = new Spool<AuditEntry>({
      ...bound,
      name: 'audit',
      file: fileOf('audit'),
      into: audit.into,
    });
    this.#sessions = new WebSessionRows(db);
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

  /** Asked all the time, where others may change what is here: it notices first that the database is away. */
  async changes(seq: number): Promise<Changes> {
    try {
      const changes = await coded(this.#provisioning.changes(seq));
      this.#reach.there();
      return changes;
    } catch (fault) {
      this.#reach.lost(messageOf(fault instanceof Error && fault.cause !== undefined ? fault.cause : fault));
      throw fault;
    }
  }

  onReach(hear: (there: boolean, reason: string) => void): void {
    this.#reach.on(hear);
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
    await Promise.all([this.#cdrSpool.flush(), this.#alertSpool.flush(), this.#auditSpool.flush()]);
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

  appendAudit(entry: AuditEntry): void {
    this.#auditSpool.append(entry);
  }

  audit(query: AuditQuery): Promise<Page<AuditEntry>> {
    return coded(this.#audit.page(query));
  }

  pruneAudit(before: number, most: number): Promise<void> {
    return coded(this.#audit.prune(before, most));
  }

  putSession(session: WebSession): Promise<void> {
    return coded(this.#sessions.put(session));
  }

  session(hash: string): Promise<WebSession | undefined> {
    return coded(this.#sessions.get(hash));
  }

  touchSession(hash: string, seenAt: number): Promise<void> {
    return coded(this.#sessions.touch(hash, seenAt));
  }

  removeSession(hash: string): Promise<void> {
    return coded(this.#sessions.remove(hash));
  }

  sessionsOf(owner: { readonly userSid: string } | { readonly keySid: string }): Promise<readonly WebSession[]> {
    return coded(this.#sessions.of(owner));
  }

  pruneSessions(now: number, seenBefore: number): Promise<readonly string[]> {
    return coded(this.#sessions.prune(now, seenBefore));
  }

  stats(): { cdrs: Readonly<SpoolStats>; alerts: Readonly<SpoolStats> } {
    return { cdrs: this.#cdrSpool.stats, alerts: this.#alertSpool.stats };
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all([this.#cdrSpool.close(), this.#alertSpool.close(), this.#auditSpool.close()]);
    await this.#db.destroy();
  }
}
