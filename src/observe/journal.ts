/** The stream of records: written into a block in memory, block after block handed to the segments. One copy a SIP message,
 * one write to disk a block; nothing of an event stays behind for the garbage collector. */
import type { Clock, Timer } from '../base/index.ts';
import { type Room, roomOf } from './events.ts';
import type { Place, Segments } from './segments.ts';

const blockBytes = 256 * 1024;
/** A block that is not full is written after this long: what a killed process loses. */
const settleMs = 2000;
/** Blocks waiting for a slow disk; past this, events are dropped and counted. */
const mostWaiting = 64;

type Block = { readonly number: number; readonly room: Room };
type Kept = Place & { readonly length: number };

export type JournalOptions = {
  readonly clock: Clock;
  readonly segments: Segments;
  readonly onFailure: (fault: unknown) => void;
};

export class Journal {
  readonly #options: JournalOptions;
  readonly #kept = new Map<number, Kept>();
  readonly #waiting = new Map<number, Buffer>();
  /** Blocks whose bytes may be used again. */
  readonly #spare: Buffer[] = [];
  /** Blocks of earlier processes are older than any of ours. */
  #adopted = -1_000_000_000;
  #current: Block;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#current = this.#fresh(1);
  }

  /** Number of the block that `room` gives. */
  get block(): number {
    return this.#current.number;
  }

  /** A disk that is too slow, or a record that no block could hold: the event is lost. */
  admits(length: number): boolean {
    return length <= blockBytes && this.#waiting.size < mostWaiting;
  }

  /** Where to write a record of at most this length. */
  room(length: number): Room {
    if (this.#current.room.used + length > this.#current.room.bytes.length) this.#turn();
    this.#timer ??= this.#options.clock.after(settleMs, 'timelines write', () => this.#turn());
    return this.#current.room;
  }

  /** Hands over what there is. Resolves when all of it is written. */
  flush(): Promise<void> {
    this.#turn();
    return this.#writing;
  }

  /** The bytes of a block; undefined when it was dropped, or lost to the disk. */
  async read(number: number): Promise<Buffer | undefined> {
    if (number === this.#current.number) {
      const { bytes, used } = this.#current.room;
      return Buffer.from(bytes.subarray(0, used));
    }
    const waiting = this.#waiting.get(number);
    if (waiting !== undefined) return Buffer.from(waiting);
    const kept = this.#kept.get(number);
    return kept === undefined ? undefined : this.#options.segments.read(kept.segment, kept.offset, kept.length);
  }

  /** Takes in a block of an earlier process. */
  adopt(kept: Kept): number {
    const number = this.#adopted++;
    this.#kept.set(number, kept);
    return number;
  }

  /** Forgets the blocks of a segment; returns the first block that is left. */
  dropped(segment: number): number {
    for (const [number, kept] of this.#kept) if (kept.segment === segment) this.#kept.delete(number);
    let first = this.#current.number;
    for (const number of this.#kept.keys()) first = Math.min(first, number);
    for (const number of this.#waiting.keys()) first = Math.min(first, number);
    return first;
  }

  #fresh(number: number): Block {
    return { number, room: roomOf(this.#spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes)) };
  }

  #turn(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { number, room } = this.#current;
    if (room.used === 0) return;
    const bytes = room.bytes.subarray(0, room.used);
    this.#waiting.set(number, bytes);
    this.#current = this.#fresh(number + 1);
    this.#writing = this.#writing.then(() => this.#write(number, bytes, room.bytes));
  }

  async #write(number: number, bytes: Buffer, whole: Buffer): Promise<void> {
    try {
      const place = await this.#options.segments.append(bytes);
      this.#kept.set(number, { length: bytes.length, ...place });
    } catch (fault) {
      this.#options.onFailure(fault);
    }
    this.#waiting.delete(number);
    if (this.#spare.length < 2) this.#spare.push(whole);
  }
}
