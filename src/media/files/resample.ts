/** The rate of a file's sound, changed as it is decoded: the resampler of calls, without its delay and for any rate. */
import { Resampler } from '../codec/resampler.ts';

/** Rates are taken as multiples of this, so that an odd one (8001 Hz) needs no thousands of filters: 3 cents at most. */
const GRID = 25;
/** Samples at a time. */
const PIECE = 4096;

export class RateChange {
  readonly #resampler: Resampler | undefined;
  readonly #ratio: number;
  readonly #tail: Int16Array;

  constructor(from: number, to: number) {
    const grid = Math.max(GRID, Math.round(from / GRID) * GRID);
    this.#ratio = to / grid;
    this.#resampler = grid === to ? undefined : new Resampler(grid, to, PIECE);
    this.#tail = new Int16Array(this.#resampler?.skipDelay() ?? 0);
  }

  /** The output that is settled by now. `last`: nothing more comes, so all of it. */
  push(samples: Int16Array, last: boolean): Int16Array {
    if (this.#resampler === undefined) return samples;
    const room = samples.length + (last ? this.#tail.length : 0);
    const out = new Int16Array(Math.ceil(room * this.#ratio) + 1);
    let written = this.#pass(this.#resampler, samples, out);
    if (last) written += this.#pass(this.#resampler, this.#tail, out.subarray(written));
    return out.subarray(0, written);
  }

  #pass(resampler: Resampler, samples: Int16Array, into: Int16Array): number {
    let written = 0;
    for (let at = 0; at < samples.length; at += PIECE) {
      const piece = samples.subarray(at, at + PIECE);
      written += resampler.process(piece, piece.length, into.subarray(written));
    }
    return written;
  }
}

/** A whole sound at another rate. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  return new RateChange(from, to).push(samples, true);
}

/** The mean of both channels, or the only one. */
export function mixed(first: Int16Array, second: Int16Array | undefined): Int16Array {
  return second === undefined ? first : first.map((sample, i) => (sample + second[i]!) >> 1);
}

/** Any decoded sound as mono 8 kHz. */
export function toMono(channels: readonly Int16Array[], rate: number): Int16Array {
  return resample(mixed(channels[0]!, channels[1]), rate, 8000);
}
