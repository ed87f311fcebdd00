/** Sample rate conversion: one polyphase low-pass (Kaiser window), stream by stream. Calls have 8, 16, 24, 32, 48 and 64 kHz;
 * files have any rate (files/resample.ts).
 *
 *  in ──► line of the last taps ──► dot product with phase (n × M) mod L ──► out      out/in = L/M
 *
 * Flat to 85 % of the lower Nyquist frequency (3.4 kHz beside 8 kHz); from there to Nyquist it falls to the stop band. */

export const sampleRates = [8000, 16_000, 24_000, 32_000, 48_000, 64_000] as const;
export type SampleRate = (typeof sampleRates)[number];

/** Taps at the lower of the two rates: sets the width of the transition. */
const TAPS = 64;
const KAISER_BETA = 7;
/** Middle of the transition band, as a share of Nyquist. */
const CUTOFF = 0.925;

type Filter = { readonly up: number; readonly down: number; readonly taps: number; readonly table: Float64Array };

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Modified Bessel function of order zero. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function design(from: number, to: number): Filter {
  const common = gcd(from, to);
  const up = to / common;
  // Whole fours: see `process`.
  const taps = 4 * Math.ceil((TAPS / 4) * Math.max(1, from / to));
  const length = taps * up;
  const cutoff = (CUTOFF * Math.min(from, to)) / (from * up);
  const table = new Float64Array(length);
  for (let phase = 0; phase < up; phase++) {
    const at = phase * taps;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      // The newest sample of the line meets the start of the impulse response.
      const x = phase + up * (taps - 1 - k) - length / 2;
      const ideal = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
      const window = bessel(KAISER_BETA * Math.sqrt(Math.max(0, 1 - ((2 * x) / length) ** 2)));
      table[at + k] = ideal * window;
      sum += table[at + k]!;
    }
    // Every phase passes DC alike, or a constant would come out with a ripple at the phase rate.
    for (let k = 0; k < taps; k++) table[at + k]! /= sum;
  }
  return { up, down: from / common, taps, table };
}

/** Made when first asked for, then shared by all streams of the thread. Those of calls stay, thirty at most; of the odd ones
 * that files have, the last few. */
const filters = new Map<number, Filter>();
const MOST_FILTERS = 40;

function filterOf(from: number, to: number): Filter {
  const key = from * 1_000_000 + to;
  const known = filters.get(key);
  if (known !== undefined) return known;
  if (filters.size >= MOST_FILTERS) filters.clear();
  const made = design(from, to);
  filters.set(key, made);
  return made;
}

/** One direction of one stream. Delay: half of the taps exactly, 4 ms at 8 kHz. */
export class Resampler {
  readonly #filter: Filter;
  readonly #line: Float64Array;
  readonly #most: number;
  /** Where the next output reads: an index into the new samples, and a phase. */
  #position = 0;
  #phase = 0;

  /** Hz. `most`: the longest frame that will come in, in samples. */
  constructor(from: number, to: number, most = from / 50) {
    this.#filter = filterOf(from, to);
    this.#most = most;
    this.#line = new Float64Array(this.#filter.taps - 1 + most);
  }

  /** Of a sound that is there already: the output begins where the input does, and takes so many samples of silence at the
   * end to come out whole. Before the first frame. */
  skipDelay(): number {
    return (this.#position = this.#filter.taps / 2);
  }

  /** Takes `length` samples and returns how many it wrote: `length × to / from`, over the stream exactly. */
  process(samples: Int16Array, length: number, into: Int16Array): number {
    const { up, down, taps, table } = this.#filter;
    const line = this.#line;
    const count = Math.min(length, this.#most, samples.length);
    for (let i = 0; i < count; i++) line[taps - 1 + i] = samples[i]!;
    let written = 0;
    while (this.#position < count && written < into.length) {
      const row = this.#phase * taps;
      const start = this.#position;
      // Four sums side by side: one alone waits for each addition before the next.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let k = 0; k < taps; k += 4) {
        a += line[start + k]! * table[row + k]!;
        b += line[start + k + 1]! * table[row + k + 1]!;
        c += line[start + k + 2]! * table[row + k + 2]!;
        d += line[start + k + 3]! * table[row + k + 3]!;
      }
      into[written++] = Math.max(-32768, Math.min(32767, Math.round(a + b + c + d)));
      this.#phase += down;
      while (this.#phase >= up) {
        this.#phase -= up;
        this.#position++;
      }
    }
    // What found no room is lost, not late.
    this.#position = Math.max(0, this.#position - count);
    line.copyWithin(0, count, count + taps - 1);
    return written;
  }
}
