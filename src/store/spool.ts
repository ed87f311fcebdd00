/** Rows on their way to the database: collected, committed in batches, kept and tried again while it is away. */
import type { Clock, Log, Timer } from '../base/index.ts';
import { GraineError, messageOf } from '../base/index.ts';
import { storeClosed } from './errors.ts';
import { batchSizes } from './records.ts';
import type { SpoolFile } from './spool-file.ts';

/** Rows wait at most this long before they are sent. The contract says 200 ms to the commit; the rest is the database’s. */
const delayMs = 150;
const firstRetryMs = 250;
const lastRetryMs = 5_000;
/** A database away for two minutes at 400 calls a second. Past it the oldest knowledge is worth more: new rows are dropped. */
const capacity = 50_000;

export type SpoolOptions<Row> = {
  /** What the rows are, for log lines and the timer's label. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Commits these rows, all or none. */
  readonly insert: (rows: readonly Row[]) => Promise<void>;
  /** Is the row at fault, not the database? Such a row would block all that follow. */
  readonly isRowFault: (fault: unknown) => boolean;
  readonly capacity?: number;
  /** Where they wait while the database is away, beside memory. */
  readonly file?: SpoolFile<Row> | undefined;
};

export type SpoolStats = { waiting: number; written: number; dropped: number; retries: number };

export class Spool<Row> {
  readonly #options: SpoolOptions<Row>;
  readonly #capacity: number;
  #rows: Row[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #retryMs = firstRetryMs;
  #failing = false;
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
    if (this.#failing) this.#options.file?.append([row]);
    if (this.#rows.length >= batchSizes[0] && !this.#failing) this.#write();
    else if (this.#timer === undefined && this.#writing === undefined) this.#later(delayMs);
  }

  /** Resolves when all that was appended before is committed, or given up because its own content is at fault. Rejects
   * when the store closed without it. */
  flush(): Promise<void> {
    if (this.#settled >= this.#appended) return Promise.resolve();
    if (this.#ended) return Promise.reject(new GraineError(storeClosed));
    const flushed = new Promise<void>((done, lost) => this.#flushers.push({ upTo: this.#appended, done, lost }));
    if (!this.#failing) this.#write();
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
      if (this.#rows.length > 0 && !this.#closed) this.#later(this.#failing ? this.#retryMs : delayMs);
    });
  }

  /** Writes batch after batch until nothing is left or the database refuses. */
  async #drain(): Promise<void> {
    while (this.#rows.length > 0) {
      const size = batchSizes.find((each) => each <= this.#rows.length) ?? 1;
      const batch = this.#rows.slice(0, size);
      try {
        await this.#options.insert(batch);
        this.#settle(size);
        this.stats.written += size;
        this.#recovered();
        if (this.#rows.length === 0) this.#options.file?.clear();
      } catch (fault) {
        if (!this.#options.isRowFault(fault)) return this.#failed(fault);
        await this.#oneByOne(batch, fault);
        if (this.#failing) return undefined;
      }
    }
    return undefined;
  }

  /** Finds the row that poisons its batch, and lets the others through. */
  async #oneByOne(batch: readonly Row[], first: unknown): Promise<void> {
    for (const row of batch) {
      try {
        if (batch.length === 1) throw first;
        await this.#options.insert([row]);
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

  #failed(fault: unknown): void {
    const waiting = this.#rows.length;
    if (this.#failing) this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    else {
      this.#options.log.error(
        { reason: messageOf(fault), waiting },
        `the store takes no ${this.#options.name} rows; they wait`,
      );
      this.#options.file?.append(this.#rows);
    }
    this.#failing = true;
    this.stats.retries++;
  }

  #recovered(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#retryMs = firstRetryMs;
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
