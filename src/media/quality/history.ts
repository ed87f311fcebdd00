/** Quality second by second. A long call keeps as many entries as a short one: when they are full, two become one, and each
 * stands for twice the time. */
import type { QualitySeconds } from '../../ports/index.ts';

/** Half an hour, second by second. */
export const MOST_ENTRIES = 1800;
const SECOND_MS = 1000;

/** Figures of the stream so far, as they are now. */
export type Running = {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
};

/** MOS of a stretch with this loss and these delays; undefined where it cannot be told. */
export type MosOf = (lossPercent: number, running: Running) => number | undefined;

type Column = (number | null)[];

export class QualityHistory {
  #since = -1;
  #sinceWall = 0;
  #next = Infinity;
  #step = 1;
  #packets = 0;
  #lost = 0;
  readonly #received: number[] = [];
  readonly #missing: number[] = [];
  readonly #jitter: Column = [];
  readonly #roundTrip: Column = [];
  readonly #mos: Column = [];

  get empty(): boolean {
    return this.#received.length === 0;
  }

  /** Whether there is something to note: the beginning, or the end of a stretch. Asked in every sweep. */
  due(now: number, packets: number): boolean {
    return this.#since < 0 ? packets > 0 : now >= this.#next;
  }

  /** Begins with the first packet; then an entry when its time is over. */
  tick(now: number, wall: number, running: Running, mosOf: MosOf): void {
    if (this.#since < 0) {
      if (running.packets === 0) return;
      this.#since = now;
      this.#sinceWall = wall;
      this.#next = now + SECOND_MS;
      return;
    }
    if (now < this.#next) return;
    // A machine that stood still: the missed seconds are one entry, not many empty ones.
    this.#next =
      now - this.#next > SECOND_MS * this.#step ? now + SECOND_MS * this.#step : this.#next + SECOND_MS * this.#step;
    this.#add(running, mosOf);
  }

  /** The columns; undefined where nothing lasted a second. */
  read(): QualitySeconds | undefined {
    if (this.empty) return undefined;
    return {
      since: this.#sinceWall,
      secondsEach: this.#step,
      received: this.#received,
      lost: this.#missing,
      jitterMs: this.#jitter,
      roundTripMs: this.#roundTrip,
      mos: this.#mos,
    };
  }

  #add(running: Running, mosOf: MosOf): void {
    const received = running.packets - this.#packets;
    // Late packets take losses of the second before back.
    const lost = Math.max(0, running.lost - this.#lost);
    this.#packets = running.packets;
    this.#lost = running.lost;
    if (this.#received.length >= MOST_ENTRIES) this.#halve();
    const expected = received + lost;
    const mos = expected === 0 ? undefined : mosOf((100 * lost) / expected, running);
    this.#received.push(received);
    this.#missing.push(lost);
    this.#jitter.push(rounded(received === 0 ? undefined : running.jitterMs));
    this.#roundTrip.push(rounded(running.roundTripMs));
    this.#mos.push(rounded(mos));
  }

  #halve(): void {
    this.#step *= 2;
    this.#next += (SECOND_MS * this.#step) / 2;
    pairs(this.#received, (a, b) => a + b);
    pairs(this.#missing, (a, b) => a + b);
    pairs(this.#jitter, (a, b) => (a === null || b === null ? (a ?? b) : Math.max(a, b)));
    pairs(this.#roundTrip, (a, b) => b ?? a);
    pairs(this.#mos, (a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b)));
  }
}

/** Two entries become one, in place. */
function pairs<T>(column: T[], join: (a: T, b: T) => T): void {
  const half = column.length / 2;
  for (let i = 0; i < half; i++) column[i] = join(column[2 * i]!, column[2 * i + 1]!);
  column.length = half;
}

function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 100) / 100;
}
