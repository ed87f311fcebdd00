/** How hard a packet worker works, in memory shared with the main thread: written by the worker once a turn, read by the main
 * thread whenever it likes, also while the worker hangs.
 *
 *    Float64: ms worked | ms late in all | times something was due | 1 while it waits
 */
import type { WorkerLoad } from '../../ports/index.ts';

const WORKED = 0;
const LATE = 1;
const TIMES = 2;
const WAITING = 3;

/** A worker that worked so much of a second saves where it can, until it works so little. */
const SCARCE = 0.75;
const PLENTY = 0.5;
const LOOK_MS = 1000;

/** The worker's end. Times are its own monotonic ms. */
export class Effort {
  readonly #words: Float64Array;
  #since: number;
  #lookedAt: number;
  #workedThen = 0;
  /** There is hardly time left for what is due. */
  scarce = false;

  constructor(memory: SharedArrayBuffer, now: number) {
    this.#words = new Float64Array(memory);
    this.#since = now;
    this.#lookedAt = now;
  }

  /** It has done what there was to do. */
  rests(now: number): void {
    this.#words[WORKED]! += now - this.#since;
    this.#words[WAITING] = 1;
    if (now - this.#lookedAt >= LOOK_MS) this.#look(now);
  }

  #look(now: number): void {
    const busy = (this.#words[WORKED]! - this.#workedThen) / (now - this.#lookedAt);
    this.#lookedAt = now;
    this.#workedThen = this.#words[WORKED]!;
    this.scarce = busy > (this.scarce ? PLENTY : SCARCE);
  }

  /** Something woke it: a packet, or that something is due. */
  wakes(now: number): void {
    this.#since = now;
    this.#words[WAITING] = 0;
  }

  /** Only now it comes to what was due at `due`. */
  owes(now: number, due: number): void {
    if (now < due) return;
    this.#words[LATE]! += now - due;
    this.#words[TIMES]!++;
  }
}

/** A worker with hardly anything to do is late for hardly anybody: of fewer times than this the lateness counts for less. */
const FEW = 12;

/** The main thread's end. */
export class EffortReader {
  readonly memory = new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT);
  readonly #words = new Float64Array(this.memory);
  #worked = 0;
  #late = 0;
  #times = 0;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** Since the last time. */
  read(now: number): WorkerLoad {
    const [worked = 0, late = 0, times = 0, waiting = 0] = this.#words;
    const passed = Math.max(now - this.#at, 1);
    // One that neither works nor waits is in the midst of something long.
    const stuck = worked === this.#worked && waiting === 0 && worked > 0;
    const busy = stuck ? 1 : Math.min(1, (worked - this.#worked) / passed);
    const lateMs = (late - this.#late) / Math.max(FEW, times - this.#times);
    this.#at = now;
    this.#worked = worked;
    this.#late = late;
    this.#times = times;
    return { busy, lateMs };
  }
}
