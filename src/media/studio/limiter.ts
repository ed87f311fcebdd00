/** Keeps a sum or a boost within 16 bits without wrapping and without a click.
 *
 * A frame is cut into eight blocks. The gain of a block is what its own peak and that of the block after it allow, and
 * changes in a straight line over the block; it comes back slowly. What a peak at the very start of a frame leaves over
 * is bent, not cut. */

const BLOCKS = 8;
/** Highest sample that goes through unchanged: 0.5 dB below full scale. */
const CEILING = 30_935;
const TOP = 32_767;
/** The share of the lost gain that comes back a block: 100 ms for most of it. */
const RECOVERY = 0.06;

export class Limiter {
  readonly #wanted = new Float64Array(BLOCKS);
  #gain = 1;

  /** It holds nothing down. */
  get rests(): boolean {
    return this.#gain === 1;
  }

  /** Writes `mix`, a frame, to `into`. */
  process(mix: Float32Array, into: Int16Array): void {
    const block = mix.length / BLOCKS;
    if (this.#measure(mix, block) && this.#gain === 1) {
      for (let i = 0; i < mix.length; i++) into[i] = Math.round(mix[i]!);
      return;
    }
    for (let b = 0; b < BLOCKS; b++) {
      const from = this.#gain;
      const to = this.#next(b);
      const step = (to - from) / block;
      for (let i = 0; i < block; i++) into[b * block + i] = bend(mix[b * block + i]! * (from + step * (i + 1)));
      this.#gain = to;
    }
  }

  /** True when nothing is too loud. */
  #measure(mix: Float32Array, block: number): boolean {
    let calm = true;
    for (let b = 0; b < BLOCKS; b++) {
      let peak = 0;
      for (let i = b * block; i < (b + 1) * block; i++) {
        const size = mix[i]! < 0 ? -mix[i]! : mix[i]!;
        if (size > peak) peak = size;
      }
      const allowed = peak > CEILING ? CEILING / peak : 1;
      this.#wanted[b] = allowed;
      calm &&= allowed === 1;
    }
    return calm;
  }

  #next(block: number): number {
    const own = this.#wanted[block]!;
    const allowed = block + 1 < BLOCKS ? Math.min(own, this.#wanted[block + 1]!) : own;
    const back = this.#gain + (1 - this.#gain) * RECOVERY;
    const gain = Math.min(allowed, back);
    return gain > 0.999 ? 1 : gain;
  }
}

/** Straight below the ceiling, ever flatter above it, never beyond full scale. */
function bend(sample: number): number {
  const size = sample < 0 ? -sample : sample;
  if (size <= CEILING) return Math.round(sample);
  const room = TOP - CEILING;
  const over = size - CEILING;
  const bent = Math.round(CEILING + (room * over) / (room + over));
  return sample < 0 ? -bent : bent;
}
