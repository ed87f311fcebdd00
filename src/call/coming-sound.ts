/** One sound on its way from its server to a file. It may be played from the file before the rest is there. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { Arrival, type Clock, messageOf, type Timer } from '../base/index.ts';
import type { FileFlow, FileSink, Sound } from '../ports/index.ts';

/** Half a second of the densest MP3: enough to begin with, whatever it is. */
const ENOUGH_BYTES = 20_000;
/** A server that sends no faster than it is played has sent half a second by then. */
const ENOUGH_MS = 700;
/** Where a sound that has no name of its kind in front must have begun. */
const HEAD_BYTES = 64 * 1024;
/** Bytes that may wait for the disk before the server is held back, and when it may go on. */
const MOST_WAITING = 512 * 1024;
const FEW_WAITING = 64 * 1024;

/** judging: nobody knows whether it is a sound. coming: it is. begun: it may be played. over: whole, or given up. */
type Phase = 'judging' | 'coming' | 'begun' | 'over';

type Parts = { readonly clock: Clock; readonly file: string; readonly begun: (sound: Sound) => void };

export class ComingSound implements FileSink {
  readonly #parts: Parts;
  readonly #arrival = new Arrival();
  #phase: Phase = 'judging';
  #head = Buffer.alloc(0);
  #flow: FileFlow | undefined;
  #handle: FileHandle | undefined;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #timer: Timer | undefined;
  #overdue = Infinity;
  #failed: string | undefined;

  /** `begun` is told once, when enough is there; never when all of it came before. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#arrival.bytes;
  }

  begin(flow: FileFlow, bytes: number | undefined): void {
    const { clock, file } = this.#parts;
    this.#flow = flow;
    if (bytes !== undefined) this.#arrival.expect(bytes);
    this.#overdue = clock.monotonic() + ENOUGH_MS;
    this.#timer = clock.after(ENOUGH_MS, 'sound begins', () => this.#consider());
    this.#queue(async () => {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      this.#handle = await open(file, 'wx', 0o600);
    });
  }

  data(chunk: Buffer): void {
    if (this.#phase === 'judging') this.#judge(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting > MOST_WAITING) this.#flow?.pause();
    this.#queue(() => this.#write(chunk));
  }

  /** All of it came. The fault when it is no sound or could not be kept. */
  async whole(): Promise<string | undefined> {
    await this.#work;
    if (this.#phase === 'judging') this.#failed ??= 'the file is neither WAV nor MP3';
    await this.#end(this.#failed);
    return this.#failed;
  }

  /** The rest will not come. */
  async broken(why: string): Promise<undefined> {
    await this.#work;
    await this.#end(this.#failed ?? why);
  }

  /** Nobody needs it any more. */
  abort(why: string): void {
    this.#flow?.abort(why);
  }

  async #end(fault: string | undefined): Promise<void> {
    this.#phase = 'over';
    this.#timer?.cancel();
    this.#arrival.end(fault);
    await this.#handle?.close().catch(() => {});
    this.#handle = undefined;
  }

  /** Keeps pages and lists from being kept as sounds; the decoder looks properly. */
  #judge(chunk: Buffer): void {
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    if (mayBeSound(this.#head)) {
      this.#phase = 'coming';
      this.#head = Buffer.alloc(0);
    } else if (this.#head.length >= HEAD_BYTES) this.#giveUp('the file is neither WAV nor MP3');
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.#failed !== undefined || this.#handle === undefined) return;
    await this.#handle.writeFile(chunk);
    const before = this.#waiting;
    this.#waiting -= chunk.length;
    this.#arrival.grew(chunk.length);
    if (before > FEW_WAITING && this.#waiting <= FEW_WAITING) this.#flow?.resume();
    this.#consider();
  }

  /** Is enough there to begin with? */
  #consider(): void {
    if (this.#phase !== 'coming' || this.bytes === 0) return;
    if (this.bytes < ENOUGH_BYTES && this.#parts.clock.monotonic() < this.#overdue) return;
    this.#phase = 'begun';
    this.#timer?.cancel();
    this.#parts.begun({ kind: 'file', path: this.#parts.file, arriving: this.#arrival.memory });
  }

  #queue(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((fault: unknown) => {
      this.#giveUp(`the file could not be kept: ${messageOf(fault)}`);
    });
  }

  #giveUp(why: string): void {
    this.#failed ??= why;
    this.#flow?.abort(why);
  }
}

/** MPEG frames begin with eleven ones. */
function mayBeSound(head: Buffer): boolean {
  if (head.toString('latin1', 8, 12) === 'WAVE' || head.toString('latin1', 0, 3) === 'ID3') return true;
  return head.some((byte, i) => byte === 0xff && (head[i + 1] ?? 0) >= 0xe0);
}
