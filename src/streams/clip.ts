/** Sound a listener sent, waiting to be played: mono 16-bit at one of the rates of a feed.
 *
 * The rates of a feed go out as they are. Others (22,050, 44,100 … of WAV files) are converted a piece at a time when
 * their turn comes: a whole file at once would hold up everybody else's sound. */
import { readWav, resample } from '../media/index.ts';
import type { TapRate } from '../ports/index.ts';

export const feedRates: readonly TapRate[] = [8000, 16_000, 24_000, 32_000, 48_000, 64_000];

/** Samples of the source that are converted at once, about, and those on either side that the filter looks at. */
const PIECE = 8192;
const MARGIN = 64;

export class Clip {
  readonly id: string | number | undefined;
  readonly rate: TapRate;
  readonly bytes: number;
  readonly #source: Int16Array;
  readonly #sourceRate: number;
  /** Of the source. */
  #at = 0;
  /** Converted, not read yet. */
  #ready: Int16Array;
  #begun = false;

  constructor(source: Int16Array, sourceRate: number, id?: string | number) {
    this.id = id;
    this.bytes = source.byteLength;
    this.#source = source;
    this.#sourceRate = sourceRate;
    this.rate = feedRates.find((rate) => rate >= sourceRate) ?? 64_000;
    this.#ready = new Int16Array(0);
    if (this.rate !== sourceRate) return;
    this.#ready = source;
    this.#at = source.length;
  }

  get done(): boolean {
    return this.#ready.length === 0 && this.#at >= this.#source.length;
  }

  /** Some of it was taken. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Up to `most` samples; empty when done. */
  take(most: number): Int16Array {
    this.#begun = true;
    if (this.#ready.length === 0 && !this.done) this.#convert();
    const taken = this.#ready.subarray(0, most);
    this.#ready = this.#ready.subarray(taken.length);
    return taken;
  }

  #convert(): void {
    const common = gcd(this.#sourceRate, this.rate);
    // Pieces are whole periods of the conversion, so that they join without a step.
    const down = this.#sourceRate / common;
    const up = this.rate / common;
    const periods = Math.max(1, Math.floor(PIECE / down));
    const before = Math.min(this.#at, Math.ceil(MARGIN / down) * down);
    const from = this.#at - before;
    const end = Math.min(this.#source.length, this.#at + periods * down);
    const made = resample(this.#source.subarray(from, end + MARGIN), this.#sourceRate, this.rate);
    const first = (before / down) * up;
    const last = end === this.#source.length ? made.length : first + periods * up;
    this.#ready = made.slice(first, last);
    this.#at = end;
  }
}

/** Little-endian 16-bit samples; an odd byte at the end is left out. */
export function samplesOf(bytes: Uint8Array): Int16Array {
  const length = bytes.length & ~1;
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length) as ArrayBuffer);
}

/** Throws WavFault. Two channels become their mean. */
export function wavClip(bytes: Uint8Array, id?: string | number): Clip {
  const { channels, rate } = readWav(bytes);
  const [first, second] = channels;
  if (first === undefined) throw new Error('no channel');
  return new Clip(second === undefined ? first : first.map((sample, i) => (sample + second[i]!) >> 1), rate, id);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
