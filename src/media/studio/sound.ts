/** A run of samples played some times over, 20 ms at a time, at the rate of whoever mixes it. */
import { Resampler, type SampleRate } from '../codec/resampler.ts';
import { Player } from '../embedded/player.ts';

/** A shorter silence is not worth another sound. */
const STALL_MS = 500;

export class SoundPlay {
  readonly player: Player;
  readonly rate: SampleRate;
  readonly #native: Int16Array;
  #resampler: Resampler | undefined;
  #converted = new Int16Array(0);
  #to: SampleRate;
  readonly #meanwhile: SoundPlay | undefined;

  /** `meanwhile`: what is heard while the sound stalls. */
  constructor(player: Player, meanwhile?: SoundPlay) {
    this.player = player;
    this.#meanwhile = meanwhile;
    const rate = player.rate as SampleRate;
    this.rate = rate;
    this.#to = rate;
    this.#native = new Int16Array(rate / 50);
  }

  get over(): boolean {
    return this.player.over;
  }

  /** The next frame: good until the one after it. */
  next(rate: SampleRate): Int16Array {
    this.player.take(this.#native);
    if (this.#meanwhile !== undefined && this.player.starvedMs > STALL_MS) return this.#meanwhile.next(rate);
    if (rate === this.rate) return this.#native;
    if (rate !== this.#to) this.#tune(rate);
    this.#resampler!.process(this.#native, this.#native.length, this.#converted);
    return this.#converted;
  }

  /** Encodes the next 20 ms of 8 kHz into `bytes`. */
  fill(bytes: Uint8Array, at: number, encode: Uint8Array): void {
    const frame = this.next(8000);
    for (let i = 0; i < frame.length; i++) bytes[at + i] = encode[frame[i]! & 0xffff]!;
  }

  #tune(rate: SampleRate): void {
    this.#to = rate;
    this.#resampler = new Resampler(this.rate, rate);
    this.#converted = new Int16Array(rate / 50);
  }
}
