/** Snapshots of standing calls in files of this machine: a journal in segments. A line keeps or drops one call, the last line
 * counts. The oldest segment goes when nothing in it counts any more; to get there, what counts in it is kept anew.
 * It need not survive the machine, only the process: nothing waits for the disk. */
import fs from 'node:fs';
import path from 'node:path';
import { type Clock, type Log, messageOf, type Timer } from '../base/index.ts';
import type { StandingCalls } from '../ports/index.ts';

type Options = {
  /** Made when it is not there, for this user alone. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly segmentBytes?: number;
};

type Segment = { readonly number: number; readonly path: string; readonly live: Set<string>; bytes: number };

/** Lines wait so long for others, ms. */
const GATHER_MS = 100;
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Past so many segments the oldest is emptied. */
const MOST_SEGMENTS = 4;
/** How many calls of a segment are kept anew at a time. */
const ANEW = 100;
const LONGEST_LINE = 1024 * 1024;
const name = /^standing-(\d{1,12})\.journal$/;

export class StandingFile implements StandingCalls {
  readonly #options: Options;
  readonly #segments: Segment[] = [];
  readonly #where = new Map<string, Segment>();
  readonly #left: readonly string[];
  #fd: number | undefined;
  #waiting: string[] = [];
  #timer: Timer | undefined;
  #stale: (sid: string) => void = () => {};
  /** The disk refuses: told once, until it takes something again. */
  #refused = false;

  /** Throws when the folder cannot be made or read. */
  constructor(options: Options) {
    this.#options = options;
    fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#left = this.#read();
    this.#begin((this.#segments.at(-1)?.number ?? 0) + 1);
  }

  keep(sid: string, snapshot: string): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined || snapshot.length > LONGEST_LINE / 2) return;
    this.#where.get(sid)?.live.delete(sid);
    this.#where.set(sid, segment);
    segment.live.add(sid);
    this.#waiting.push(`${JSON.stringify([sid, snapshot])}\n`);
    this.#timer ??= this.#options.clock.after(GATHER_MS, 'standing calls journal', () => this.#write());
  }

  drop(sid: string): void {
    const segment = this.#where.get(sid);
    if (segment === undefined) return;
    this.#where.delete(sid);
    segment.live.delete(sid);
    this.#waiting.push(`${JSON.stringify([sid])}\n`);
    this.#write();
  }

  onStale(hear: (sid: string) => void): void {
    this.#stale = hear;
  }

  left(): Promise<readonly string[]> {
    return Promise.resolve(this.#left);
  }

  close(): Promise<void> {
    this.#write();
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
    return Promise.resolve();
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const segment = this.#segments.at(-1);
    if (this.#fd === undefined || segment === undefined || this.#waiting.length === 0) return;
    // A line that the disk took only half of must not spoil the next.
    const bytes = Buffer.from((this.#refused ? '\n' : '') + this.#waiting.join(''));
    this.#waiting = [];
    try {
      fs.writeSync(this.#fd, bytes);
      segment.bytes += bytes.length;
      this.#refused = false;
    } catch (fault) {
      if (!this.#refused)
        this.#options.log.error(
          { why: messageOf(fault) },
          'standing calls cannot be written down: they would not outlive us',
        );
      this.#refused = true;
    }
    if (segment.bytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES)) this.#begin(segment.number + 1);
    this.#tidy();
  }

  #begin(number: number): void {
    const file = path.join(this.#options.folder, `standing-${number}.journal`);
    const before = this.#fd;
    this.#fd = fs.openSync(file, 'a', 0o600);
    if (before !== undefined) fs.closeSync(before);
    this.#segments.push({ number, path: file, live: new Set(), bytes: 0 });
  }

  /** The oldest first: a line that drops a call is needed as long as an older one that keeps it is there. */
  #tidy(): void {
    while (this.#segments.length > 1 && this.#segments[0]?.live.size === 0) {
      const gone = this.#segments.shift();
      if (gone !== undefined) fs.rm(gone.path, { force: true }, () => {});
    }
    const oldest = this.#segments[0];
    if (this.#segments.length <= MOST_SEGMENTS || oldest === undefined) return;
    for (const sid of [...oldest.live].slice(0, ANEW)) this.#stale(sid);
  }

  #read(): readonly string[] {
    const { folder } = this.#options;
    const numbers = fs
      .readdirSync(folder)
      .map((file) => Number(name.exec(file)?.[1] ?? NaN))
      .filter((number) => !Number.isNaN(number))
      .toSorted((a, b) => a - b);
    const snapshots = new Map<string, string>();
    for (const number of numbers) {
      const file = path.join(folder, `standing-${number}.journal`);
      const text = fs.readFileSync(file, 'utf8');
      const segment: Segment = { number, path: file, live: new Set(), bytes: text.length };
      this.#segments.push(segment);
      for (const line of text.split('\n')) this.#take(line, segment, snapshots);
    }
    return [...snapshots.values()];
  }

  /** A torn line, the last word of a process that died, says nothing. */
  #take(line: string, segment: Segment, snapshots: Map<string, string>): void {
    const [sid, snapshot] = fields(line);
    if (sid === undefined) return;
    this.#where.get(sid)?.live.delete(sid);
    if (snapshot === undefined) {
      this.#where.delete(sid);
      snapshots.delete(sid);
      return;
    }
    this.#where.set(sid, segment);
    segment.live.add(sid);
    snapshots.set(sid, snapshot);
  }
}

function fields(line: string): readonly [sid?: string, snapshot?: string] {
  if (line === '' || line.length > LONGEST_LINE) return [];
  try {
    const read: unknown = JSON.parse(line);
    if (!Array.isArray(read) || typeof read[0] !== 'string') return [];
    return typeof read[1] === 'string' ? [read[0], read[1]] : [read[0]];
  } catch {
    return [];
  }
}

/** Where nothing is to outlive the process. */
export class NoStandingCalls implements StandingCalls {
  keep(): void {}
  drop(): void {}
  onStale(): void {}
  left(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
