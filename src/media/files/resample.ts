/** Filter length each side, in samples of the lower rate. */
const HALF = 24;
/** Rates are taken as multiples of this, so that an odd one (8001 Hz) needs no thousands of filters: 3 cents at most. */
const GRID = 25;

/** Changes the rate of a sound as it comes in pieces: windowed-sinc FIR (Blackman), its pass band below both rates'
 * halves, no delay. Good for speech and tones. */
export class RateChange {
  readonly #up: number;
  readonly #down: number;
  readonly #phases: readonly Float32Array[];
  #held = new Int16Array(0);
  /** Where `#held` begins in the stream, and how much of the stream has come. */
  #heldAt = 0;
  #came = 0;
  #next = 0;

  constructor(from: number, to: number) {
    const grid = Math.round(from / GRID) * GRID;
    const divisor = gcd(grid, to);
    this.#up = to / divisor;
    this.#down = grid / divisor;
    this.#phases = this.#up === this.#down ? [] : buildPhases(this.#up, Math.min(1, to / grid));
  }

  /** The output that is settled by now. `last`: nothing more comes, so all of it. */
  push(samples: Int16Array, last: boolean): Int16Array {
    if (this.#phases.length === 0) return samples;
    const [up, down] = [this.#up, this.#down];
    const half = this.#phases[0]!.length >> 1;
    this.#hold(samples);
    const ready = last ? this.#came * up : (this.#came - half) * up;
    const count = Math.max(0, (last ? Math.floor(ready / down) : Math.ceil(ready / down)) - this.#next);
    const out = new Int16Array(count);
    for (let i = 0; i < count; i++) out[i] = this.#sample((this.#next + i) * down);
    this.#next += count;
    this.#drop(Math.floor((this.#next * down) / up) - half);
    return out;
  }

  #sample(position: number): number {
    const taps = this.#phases[position % this.#up]!;
    const held = this.#held;
    const first = Math.floor(position / this.#up) - (taps.length >> 1) + 1 - this.#heldAt;
    const begin = Math.max(0, -first);
    const end = Math.min(taps.length, held.length - first);
    let sum = 0;
    for (let k = begin; k < end; k++) sum += taps[k]! * held[first + k]!;
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  }

  #hold(samples: Int16Array): void {
    const held = new Int16Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    this.#held = held;
    this.#came += samples.length;
  }

  /** Forgets what lies before this place of the stream. */
  #drop(before: number): void {
    const count = Math.max(0, Math.min(this.#held.length, before - this.#heldAt));
    this.#held = this.#held.subarray(count);
    this.#heldAt += count;
  }
}

/** A whole sound at another rate. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  return new RateChange(from, to).push(samples, true);
}

/** One filter a phase, each of unit gain. */
function buildPhases(up: number, ratio: number): Float32Array[] {
  const half = Math.ceil(HALF / ratio);
  const cutoff = ratio * 0.92;
  return Array.from({ length: up }, (_, phase) => {
    const taps = new Float32Array(half * 2);
    let sum = 0;
    for (let k = 0; k < taps.length; k++) {
      const x = k - half + 1 - phase / up;
      const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cutoff) / (Math.PI * x * cutoff);
      taps[k] = Math.abs(x) > half ? 0 : sinc * window;
      sum += taps[k]!;
    }
    return taps.map((tap) => tap / sum);
  });
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** The mean of both channels, or the only one. */
export function mixed(first: Int16Array, second: Int16Array | undefined): Int16Array {
  return second === undefined ? first : first.map((sample, i) => (sample + second[i]!) >> 1);
}

/** Any decoded sound as mono 8 kHz. */
export function toMono(channels: readonly Int16Array[], rate: number): Int16Array {
  return resample(mixed(channels[0]!, channels[1]), rate, 8000);
}
