/** Samples in a packet of sound we make: 20 ms. */
export const FRAME = 160;

/** A sound being played: a run of samples, some rounds of it, perhaps a limit. */
export class Player {
  readonly name: string;
  readonly #samples: Int16Array;
  #rounds: number;
  #left: number;
  #at = 0;

  /** `rounds` and `limitMs` may be Infinity. */
  constructor(name: string, samples: Int16Array, rounds: number, limitMs: number) {
    this.name = name;
    this.#samples = samples;
    this.#rounds = samples.length === 0 ? 0 : rounds;
    this.#left = Math.ceil(limitMs * 8);
  }

  get over(): boolean {
    return this.#rounds <= 0 || this.#left <= 0;
  }

  /** The next samples, as many as `into` holds; silence after the end. */
  take(into: Int16Array): void {
    const samples = this.#samples;
    for (let i = 0; i < into.length; i++) {
      if (this.#rounds <= 0 || this.#left <= 0) {
        into[i] = 0;
        continue;
      }
      into[i] = samples[this.#at]!;
      this.#left--;
      if (++this.#at < samples.length) continue;
      this.#at = 0;
      this.#rounds--;
    }
  }

  /** Encodes the next 20 ms into `bytes`; the end of a round runs into the next without a gap. */
  fill(bytes: Uint8Array, at: number, encode: Uint8Array): void {
    const samples = this.#samples;
    const silence = encode[0]!;
    for (let i = 0; i < FRAME; i++) {
      if (this.#rounds <= 0 || this.#left <= 0) {
        bytes[at + i] = silence;
        continue;
      }
      bytes[at + i] = encode[samples[this.#at]! & 0xffff]!;
      this.#left--;
      if (++this.#at < samples.length) continue;
      this.#at = 0;
      this.#rounds--;
    }
  }
}
