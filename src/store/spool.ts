/** Rows on their way to the database: collected, committed in batches, kept and tried again while it is away. */
import type { Clock, Log, Timer } from '../base/index.ts';
import { GraineError, messageOf } from '../base/index.ts';
import { storeClosed } from './errors.ts';
import { type Inserter, mostAtOnce } from './inserter.ts';
import type { SpoolFile } from './spool-file.ts';

/** Rows wait at most this long before they are sent. The contract says 200 ms to the commit; the rest is the database’s. */
const delayMs = 150;
const firstRetryMs = 250;
const lastRetryMs = 5_000;
/** A batch that is not committed by then waits on disk too: the process may end before the database answers. */
const slowMs = 1_000;
/** A database away for two minutes at 400 calls a second. Past it the oldest knowledge is worth more: new rows are dropped. */
const capacity = 50_000;

export type SpoolOptions<Row> = {
  /** What the rows are, for log lines and the timer's label. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Commits a batch, all or none. */
  readonly into: Inserter<Row>;
  /** Is the row at fault, not the database? Such a row would block all that follow. */
  readonly isRowFault: (fault: unknown) => boolean;
  readonly capacity?: number;
  /** Takes the database these rows? Told of every answer. */
  readonly reach?: { there(): void; lost(reason: string): void };
  /** Where they wait while the database is away, beside memory. */
  readonly file?: SpoolFile<Row> | undefined;
};

/** How the database takes rows: in the last two they are on disk as well. */
type Pace = 'prompt' | 'slow' | 'refusing';

export type SpoolStats = { waiting: number; written: number; dropped: number; retries: number };

export class Spool<Row> {
  readonly #options: SpoolOptions<Row>;
  readonly #capacity: number;
  #rows: Row[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #retryMs = firstRetryMs;
  #pace: Pace = 'prompt';
  #appended = 0;
  #settled = 0;
  /** Takes no more rows. */
  #closed = false;
  /** What is still here was lost. */
  #ended = false;
  #flushers: { upTo: number; done: () => void; lost: (fault: Error) => void }[] = [];
  readonly stats: SpoolStats = { waiting: 0, written: 0, dropped: 0, retries: 0 };

  constructor(options: SpoolOptions<Row>) {
    this.#options = options;
    this.#capacity = options.capacity ?? capacity;
    const left = options.file?.load() ?? [];
    if (left.length === 0) return;
    options.log.info({ rows: left.length }, `${options.name} rows of an earlier process wait for the store`);
    this.#rows = left;
    this.#appended = left.length;
    this.stats.waiting = left.length;
    this.#later(delayMs);
  }

  /** Never throws, never waits. */
  append(row: Row): void {
    if (this.#closed || this.#rows.length >= this.#capacity) {
      this.#drop();
      return;
    }
    this.#rows.push(row);
    this.#appended++;
    this.stats.waiting = this.#rows.length;
    if (this.#pace !== 'prompt') this.#options.file?.append([row]);
    if (this.#rows.length >= mostAtOnce && this.#pace !== 'refusing') this.#write();
    else if (this.#timer === undefined && this.#writing === undefined) this.#later(delayMs);
  }

  /** Resolves when all that was appended before is committed, or given up because its own content is at fault. Rejects
   * when the store closed without it. */
  flush(): Promise<void> {
    if (this.#settled >= this.#appended) return Promise.resolve();
    if (this.#ended) return Promise.reject(new GraineError(storeClosed));
    const flushed = new Promise<void>((done, lost) => this.#flushers.push({ upTo: this.#appended, done, lost }));
    if (this.#pace !== 'refusing') this.#write();
    return flushed;
  }

  /** One last try for what is left; what the database still refuses is lost, and logged as such. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#write();
    await this.#writing;
    this.#timer?.cancel();
    this.#timer = undefined;
    const lost = this.#rows.length;
    const { file, log, name } = this.#options;
    if (lost > 0 && file !== undefined) log.warn({ rows: lost }, `${name} rows wait on disk for the next start`);
    else if (lost > 0) log.error({ lost }, `${name} rows were lost at shutdown: the store is away`);
    this.#rows = [];
    this.#ended = true;
    for (const { lost: tell } of this.#flushers.splice(0)) tell(new GraineError(storeClosed));
  }

  #later(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(ms, `store ${this.#options.name}`, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  #write(): void {
    if (this.#writing !== undefined || this.#rows.length === 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#drain().finally(() => {
      this.#writing = undefined;
      if (this.#rows.length > 0 && !this.#closed) this.#later(this.#pace === 'refusing' ? this.#retryMs : delayMs);
    });
  }

  /** Writes batch after batch until nothing is left or the database refuses. */
  async #drain(): Promise<void> {
    while (this.#rows.length > 0) {
      const size = this.#options.into.batch(this.#rows.length);
      const batch = this.#rows.slice(0, size);
      try {
        await this.#insert(batch);
        this.#settle(size);
        this.stats.written += size;
        this.#recovered();
        this.#tidy();
      } catch (fault) {
        if (!this.#options.isRowFault(fault)) return this.#failed(fault);
        await this.#oneByOne(batch, fault);
        if (this.#pace === 'refusing') return undefined;
      }
    }
    return undefined;
  }

  async #insert(batch: readonly Row[]): Promise<void> {
    const patience = this.#options.clock.after(slowMs, `store ${this.#options.name} slow`, () => this.#slow());
    try {
      await this.#options.into.insert(batch);
    } finally {
      patience.cancel();
    }
  }

  /** Finds the row that poisons its batch, and lets the others through. */
  async #oneByOne(batch: readonly Row[], first: unknown): Promise<void> {
    for (const row of batch) {
      try {
        if (batch.length === 1) throw first;
        await this.#insert([row]);
        this.stats.written++;
      } catch (fault) {
        if (!this.#options.isRowFault(fault)) return this.#failed(fault);
        this.stats.dropped++;
        this.#options.log.error({ reason: messageOf(fault), row }, `the store refuses a ${this.#options.name} row`);
      }
      this.#settle(1);
    }
    return undefined;
  }

  #settle(count: number): void {
    this.#rows.splice(0, count);
    this.#settled += count;
    this.stats.waiting = this.#rows.length;
    while (this.#flushers[0] !== undefined && this.#flushers[0].upTo <= this.#settled) this.#flushers.shift()?.done();
  }

  /** A database that is slow for hours never leaves nothing to wait: its file must not grow for hours. */
  #tidy(): void {
    const { file } = this.#options;
    if (this.#rows.length === 0) file?.clear();
    else if (file !== undefined && file.rows > this.#rows.length + this.#capacity) file.shorten(this.#rows);
  }

  #slow(): void {
    if (this.#pace !== 'prompt') return;
    this.#pace = 'slow';
    const { log, file, name } = this.#options;
    log.warn({ waiting: this.#rows.length }, `the store is slow to take ${name} rows`);
    file?.append(this.#rows);
  }

  #failed(fault: unknown): void {
    this.#options.reach?.lost(messageOf(fault));
    const waiting = this.#rows.length;
    if (this.#pace === 'refusing') this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    else {
      this.#options.log.error(
        { reason: messageOf(fault), waiting },
        `the store takes no ${this.#options.name} rows; they wait`,
      );
      if (this.#pace === 'prompt') this.#options.file?.append(this.#rows);
    }
    this.#pace = 'refusing';
    this.stats.retries++;
  }

  #recovered(): void {
    this.#options.reach?.there();
    if (this.#pace === 'prompt') return;
    const was = this.#pace;
    // What is on disk stays there until nothing waits: so do the rows that come meanwhile.
    this.#pace = this.#rows.length === 0 ? 'prompt' : 'slow';
    this.#retryMs = firstRetryMs;
    if (was === 'slow') return;
    this.#options.log.info({ dropped: this.stats.dropped }, `the store takes ${this.#options.name} rows again`);
  }

  /** Says so at the first and then at every thousandth, so that a flood does not flood the log. */
  #drop(): void {
    const { dropped } = this.stats;
    this.stats.dropped++;
    if (dropped % 1000 !== 0) return;
    const why = this.#closed ? 'the store is closed' : 'too many rows wait for the store';
    this.#options.log.error({ dropped: this.stats.dropped }, `a ${this.#options.name} row is lost: ${why}`);
  }
}
