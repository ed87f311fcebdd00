/** Rows that the database did not take, on the disk of this machine: they outlive the process, and are written by whichever
 * process finds the database back. Their keys make a second writing of the same row harmless. */
import fs from 'node:fs';
import path from 'node:path';
import { type Log, messageOf } from '../base/index.ts';

/** A file that grew past this is not read: no outage of ours makes it. */
const MOST_BYTES = 1024 * 1024 * 1024;

export class SpoolFile<Row> {
  readonly #file: string;
  readonly #log: Log;
  #rows = 0;
  /** Rows are in it, or a write was refused half way. */
  #state: 'empty' | 'used' | 'refused' = 'empty';

  /** Throws when the folder cannot be made. */
  constructor(folder: string, name: string, log: Log) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = path.join(folder, `${name}.jsonl`);
    this.#log = log;
  }

  /** How many rows were put into it. */
  get rows(): number {
    return this.#rows;
  }

  /** What an earlier process left. A torn last line is passed over. */
  load(): Row[] {
    if (!fs.existsSync(this.#file)) return [];
    this.#state = 'used';
    if (fs.statSync(this.#file).size > MOST_BYTES) {
      this.#log.error({ file: this.#file }, 'the file of waiting rows is too long and was not read; move it away');
      return [];
    }
    return fs
      .readFileSync(this.#file, 'utf8')
      .split('\n')
      .flatMap((line) => rowOf(line) as Row[]);
  }

  /** Never throws: what a full disk refuses waits in memory alone. */
  append(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const torn = this.#state === 'refused' ? '\n' : '';
    try {
      fs.appendFileSync(this.#file, torn + rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 });
      this.#state = 'used';
      this.#rows += rows.length;
    } catch (fault) {
      if (this.#state !== 'refused')
        this.#log.error({ why: messageOf(fault) }, 'waiting rows cannot be kept on disk: they wait in memory alone');
      this.#state = 'refused';
    }
  }

  /** The database has them all. */
  clear(): void {
    if (this.#state === 'empty') return;
    fs.rmSync(this.#file, { force: true });
    this.#state = 'empty';
    this.#rows = 0;
  }

  /** The database has all but these. */
  shorten(rows: readonly Row[]): void {
    this.clear();
    this.append(rows);
  }
}

function rowOf(line: string): unknown[] {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}
