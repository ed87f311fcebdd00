/** Comfort noise, RFC 3389: the first byte of the payload is the level, 0 to 127 dB below overload.
 * The spectrum bytes after it are neither made nor followed: noise is white here. */

/** RFC 3389 §3: 0 dBov is the power of a full-scale square wave. */
const OVERLOAD = 32_768;
const QUIETEST = 127;

/** Level of a frame as a payload carries it, in -dBov. Silence is 127. */
export function noiseLevel(samples: Int16Array, length = samples.length): number {
  let total = 0;
  const count = Math.min(length, samples.length);
  for (let i = 0; i < count; i++) total += samples[i]! * samples[i]!;
  if (total === 0) return QUIETEST;
  return Math.min(QUIETEST, Math.max(0, Math.round(-10 * Math.log10(total / count / OVERLOAD ** 2))));
}

/** Writes the payload for a level; returns its size. */
export function writeComfortNoise(level: number, into: Uint8Array, at: number): number {
  if (at >= into.length) return 0;
  into[at] = level & 0x7f;
  return 1;
}

/** Noise at the level last told. The level moves over some frames: a step in noise is heard more than the noise. */
export class ComfortNoise {
  #wanted = 0;
  #amplitude = 0;
  #state: number;

  /** `seed` keeps streams from sounding alike when they are mixed. */
  constructor(seed = 1) {
    this.#state = seed | 1;
  }

  /** A payload came; one without a level changes nothing. */
  update(bytes: Uint8Array, at: number, length: number): void {
    if (length < 1 || at < 0 || at >= bytes.length) return;
    const rms = OVERLOAD * 10 ** (-(bytes[at]! & 0x7f) / 20);
    // Uniform between -a and a has an RMS of a/√3; more than full scale cannot be.
    this.#wanted = Math.min(OVERLOAD - 1, rms * Math.sqrt(3));
    if (this.#amplitude === 0) this.#amplitude = this.#wanted;
  }

  /** Fills `length` samples, returns how many. */
  render(into: Int16Array, length = into.length): number {
    const count = Math.min(length, into.length);
    this.#amplitude += (this.#wanted - this.#amplitude) / 4;
    for (let i = 0; i < count; i++) {
      // xorshift32: noise without a call and without an object.
      let state = this.#state;
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      this.#state = state;
      into[i] = Math.round((state / 2 ** 31) * this.#amplitude);
    }
    return count;
  }
}
