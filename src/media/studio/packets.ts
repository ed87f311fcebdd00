/** Cuts the 20 ms frames of the studio into packets of the length that the far end asked for (a=ptime, RFC 8866 §6.4). */

/** Lengths we send, ms. */
const lengths = [10, 20, 30, 40, 60] as const;
/** RFC 6716 §2.1.4: Opus has no frame of 30 ms. */
const opusLengths = [10, 20, 40, 60] as const;
/** Timestamps wrap. */
const WRAP = 2 ** 32;

/** The longest that is no longer than asked for. */
export function packetMs(asked: number, codec: string): number {
  const fitting = (codec === 'OPUS' ? opusLengths : lengths).filter((ms) => ms <= asked);
  return fitting.at(-1) ?? lengths[0];
}

export class Packets {
  /** The packet that `next` says is full: good until it is asked again. */
  readonly samples: Int16Array;
  readonly ms: number;
  /** Timestamp of its first sample. */
  at = 0;
  readonly #step: number;
  #filled = 0;
  #frame: Int16Array;
  #from = 0;
  #frameAt = 0;

  constructor(codec: { readonly rate: number; readonly clockRate: number }, ms: number) {
    this.ms = ms;
    this.samples = new Int16Array((codec.rate * ms) / 1000);
    this.#step = codec.clockRate / codec.rate;
    this.#frame = new Int16Array(0);
  }

  /** Takes a frame, whose first sample has this timestamp. */
  take(frame: Int16Array, at: number): void {
    this.#frame = frame;
    this.#from = 0;
    this.#frameAt = at;
  }

  /** True for each packet that is full. */
  next(): boolean {
    const { samples } = this;
    const frame = this.#frame;
    if (this.#filled === samples.length) this.#filled = 0;
    if (this.#filled === 0) this.at = (this.#frameAt + this.#from * this.#step) % WRAP;
    const count = Math.min(samples.length - this.#filled, frame.length - this.#from);
    for (let i = 0; i < count; i++) samples[this.#filled + i] = frame[this.#from + i]!;
    this.#filled += count;
    this.#from += count;
    return this.#filled === samples.length;
  }

  /** What waits for more is filled up with silence. False when nothing waits. */
  pad(): boolean {
    const { samples } = this;
    if (this.#filled === 0 || this.#filled === samples.length) return false;
    samples.fill(0, this.#filled);
    this.#filled = samples.length;
    return true;
  }

  /** What waits for more is given up: something else takes its time. */
  clear(): void {
    this.#filled = 0;
    this.#from = this.#frame.length;
  }
}
