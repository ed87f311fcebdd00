/** Snapshots of standing calls in files of this machine: a journal in segments. A line keeps or drops one call, the last line
 * counts. The oldest segment goes when nothing in it counts any more; to get there, what counts in it is kept anew.
 * It need not survive the machine, only the process: nothing is synced. Nor does anything here wait for the disk, which may
 * take seconds when it is busy: one write at a time is under way, outside this thread, and what comes meanwhile goes with the
 * next, of each call only the last word. */
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Clock, type Log, messageOf, type Timer } from '../base/index.ts';
import type { StandingCalls } from '../ports/index.ts';

type Options = {
  /** Made when it is not there, for this user alone. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly segmentBytes?: number;
};

const write = promisify(fs.write);

type Line = { readonly text: string; readonly keeps: boolean };
type Segment = { readonly number: number; readonly path: string; readonly live: Set<string>; bytes: number };

/** Lines wait so long for others, ms. */
const GATHER_MS = 100;
/** Nobody waits longer than this for a disk, ms. */
const SETTLE_MS = 1000;
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
  /** Line by session sid. */
  #waiting = new Map<string, Line>();
  #writing: Promise<void> | undefined;
  /** Who waits until what there is now is written. */
  #settling: (() => void)[] = [];
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
    if (this.#fd === undefined || snapshot.length > LONGEST_LINE / 2) return;
    this.#waiting.set(sid, { text: `${JSON.stringify([sid, snapshot])}\n`, keeps: true });
    if (this.#writing !== undefined) return;
    this.#timer ??= this.#options.clock.after(GATHER_MS, 'standing calls journal', () => this.#write());
  }

  drop(sid: string): void {
    this.#waiting.delete(sid);
    if (!this.#where.has(sid)) return;
    this.#waiting.set(sid, { text: `${JSON.stringify([sid])}\n`, keeps: false });
    this.#write();
  }

  settled(): Promise<'ours'> {
    this.#write();
    if (this.#writing === undefined) return Promise.resolve('ours');
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(SETTLE_MS, 'standing calls settle', () => resolve('ours'));
      this.#settling.push(() => {
        timer.cancel();
        resolve('ours');
      });
    });
  }

  onStale(hear: (sid: string) => void): void {
    this.#stale = hear;
  }

  left(): Promise<readonly string[]> {
    return Promise.resolve(this.#left);
  }

  async close(): Promise<void> {
    for (this.#write(); this.#writing !== undefined;) await this.#writing;
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#fd === undefined || this.#waiting.size === 0) return;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0 || this.#settling.length > 0) {
      const settled = this.#settling;
      this.#settling = [];
      if (this.#waiting.size > 0)
        await this.#writeOnce().then(
          () => this.#taken(),
          (fault: unknown) => this.#refuse(messageOf(fault)),
        );
      for (const each of settled) each();
    }
  }

  /** Everything that waits, into one segment. Throws when the disk does not take it all. */
  async #writeOnce(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = new Map();
    let segment = this.#segments.at(-1) as Segment;
    if (segment.bytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES)) segment = this.#begin(segment.number + 1);
    for (const [sid, { keeps }] of lines) this.#note(sid, keeps ? segment : undefined);
    // A line that the disk took only half of must not spoil the next.
    const texts = Array.from(lines.values(), ({ text }) => text);
    const bytes = Buffer.from((this.#refused ? '\n' : '') + texts.join(''));
    const { bytesWritten } = await write(this.#fd as number, bytes);
    segment.bytes += bytesWritten;
    if (bytesWritten < bytes.length) throw new Error(`${bytesWritten} of ${bytes.length} bytes were taken`);
  }

  #taken(): void {
    this.#refused = false;
    this.#tidy();
  }

  #refuse(why: string): void {
    if (!this.#refused)
      this.#options.log.error({ why }, 'standing calls cannot be written down: they would not outlive us');
    this.#refused = true;
  }

  /** In which segment a call is kept; undefined: it is over. */
  #note(sid: string, segment: Segment | undefined): void {
    this.#where.get(sid)?.live.delete(sid);
    this.#where.delete(sid);
    if (segment === undefined) return;
    this.#where.set(sid, segment);
    segment.live.add(sid);
  }

  #begin(number: number): Segment {
    const file = path.join(this.#options.folder, `standing-${number}.journal`);
    const before = this.#fd;
    this.#fd = fs.openSync(file, 'a', 0o600);
    if (before !== undefined) fs.closeSync(before);
    const segment = { number, path: file, live: new Set<string>(), bytes: 0 };
    this.#segments.push(segment);
    return segment;
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
    this.#note(sid, snapshot === undefined ? undefined : segment);
    if (snapshot === undefined) snapshots.delete(sid);
    else snapshots.set(sid, snapshot);
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
  readonly nowhere = true;
  keep(): void {}
  drop(): void {}
  settled(): Promise<'ours'> {
    return Promise.resolve('ours');
  }
  onStale(): void {}
  left(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
