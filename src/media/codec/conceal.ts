/** Packet loss concealment in the manner of G.711 Appendix I: the last pitch period is repeated, fades out by 60 ms,
 * and the next good packet is faded in. It works on samples, so it serves G.711 and G.722 alike.
 *
 *  past ──► find the period ──► last period, its end blended into its start ──► repeat, fade ──► blend into what comes
 *
 * Unlike the appendix it holds nothing back, so it adds no delay: the start of a loss is joined without a blend. */

const LONGEST_PITCH_MS = 15;
const SHORTEST_PITCH_MS = 5;
const WINDOW_MS = 20;
const BLEND_MS = 4;
/** Full level for so long, then a straight line to nothing. */
const HOLD_MS = 10;
const GONE_MS = 60;

export class Concealer {
  readonly #perMs: number;
  readonly #past: Int16Array;
  readonly #cycle: Int16Array;
  #period = 0;
  /** Where in the cycle the next made sample is. */
  #at = 0;
  /** Samples made since the loss began; 0 while packets come. */
  #made = 0;

  constructor(rate: number) {
    this.#perMs = rate / 1000;
    this.#past = new Int16Array((WINDOW_MS + 2 * LONGEST_PITCH_MS) * this.#perMs);
    this.#cycle = new Int16Array(LONGEST_PITCH_MS * this.#perMs);
  }

  /** A packet was decoded into `samples`: after a loss its start is changed in place. */
  good(samples: Int16Array, length: number): void {
    const count = Math.min(length, samples.length);
    if (this.#made > 0) this.#blend(samples, count);
    this.#remember(samples, count);
  }

  /** A packet is missing: fills `length` samples, returns how many. */
  conceal(into: Int16Array, length: number): number {
    const count = Math.min(length, into.length);
    if (this.#made === 0) this.#begin();
    for (let i = 0; i < count; i++) into[i] = this.#next();
    this.#remember(into, count);
    return count;
  }

  #next(): number {
    const ms = this.#made++ / this.#perMs;
    const level = ms < HOLD_MS ? 1 : Math.max(0, (GONE_MS - ms) / (GONE_MS - HOLD_MS));
    const sample = Math.round(this.#cycle[this.#at]! * level);
    this.#at = this.#at + 1 < this.#period ? this.#at + 1 : 0;
    return sample;
  }

  #blend(samples: Int16Array, count: number): void {
    const span = Math.min(count, BLEND_MS * this.#perMs);
    for (let i = 0; i < span; i++) {
      const share = (i + 1) / (span + 1);
      samples[i] = Math.round(samples[i]! * share + this.#next() * (1 - share));
    }
    this.#made = 0;
  }

  #remember(samples: Int16Array, count: number): void {
    const past = this.#past;
    const kept = Math.min(count, past.length);
    past.copyWithin(0, kept);
    for (let i = 0; i < kept; i++) past[past.length - kept + i] = samples[count - kept + i]!;
  }

  #begin(): void {
    const past = this.#past;
    const period = this.#pitch();
    const start = past.length - period;
    const span = period >> 2;
    for (let i = 0; i < period; i++) {
      // The last quarter turns into what came before the period's start, so that the cycle closes without a click.
      const share = Math.max(0, (i - (period - span) + 1) / (span + 1));
      this.#cycle[i] = Math.round(past[start + i]! * (1 - share) + past[start - period + i]! * share);
    }
    this.#period = period;
    this.#at = 0;
  }

  /** The lag at which the last 20 ms are most like what came before them: coarse by twos, then fine. */
  #pitch(): number {
    const from = SHORTEST_PITCH_MS * this.#perMs;
    const to = LONGEST_PITCH_MS * this.#perMs;
    let best = to;
    let most = -1;
    for (let lag = from; lag <= to; lag += 2) {
      const likeness = this.#likeness(lag, 2);
      if (likeness > most) [most, best] = [likeness, lag];
    }
    most = -1;
    const middle = best;
    for (let lag = Math.max(from, middle - 1); lag <= Math.min(to, middle + 1); lag++) {
      const likeness = this.#likeness(lag, 1);
      if (likeness > most) [most, best] = [likeness, lag];
    }
    return best;
  }

  /** Normalized correlation, -1 to 1. */
  #likeness(lag: number, step: number): number {
    const past = this.#past;
    let product = 0;
    let power = 1;
    let powerBefore = 1;
    for (let i = past.length - WINDOW_MS * this.#perMs; i < past.length; i += step) {
      const now = past[i]!;
      const before = past[i - lag]!;
      product += now * before;
      power += now * now;
      powerBefore += before * before;
    }
    return product / Math.sqrt(power * powerBefore);
  }
}
