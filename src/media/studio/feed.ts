import { PcmRingReader } from '../../base/index.ts';
import { Resampler, type SampleRate } from '../codec/resampler.ts';

/** So much sound is waited for before a feed begins, frames of 20 ms: writers come in uneven steps. */
const CUSHION = 2;
/** A writer that stays away so long has said all it wanted: what is left is played. */
const PATIENCE = 3;

/** Sound from another thread that this far end hears as it comes. */
export class Feed {
  readonly replaces: boolean;
  readonly #ring: PcmRingReader;
  readonly #native: Int16Array;
  #resampler: Resampler | undefined;
  #converted: Int16Array;
  #to: SampleRate;
  #playing = false;
  #waited = 0;
  #before = 0;

  constructor(memory: SharedArrayBuffer, mode: 'mix' | 'replace') {
    this.#ring = new PcmRingReader(memory);
    this.replaces = mode === 'replace';
    this.#native = new Int16Array(this.#ring.rate / 50);
    this.#converted = this.#native;
    this.#to = this.#ring.rate as SampleRate;
  }

  /** Hz. */
  get rate(): number {
    return this.#ring.rate;
  }

  /** The next frame at a rate; undefined while there is nothing to hear. */
  next(rate: SampleRate): Int16Array | undefined {
    if (!this.#playing && !this.#begins()) return undefined;
    const count = this.#ring.read(this.#native);
    if (count < this.#native.length) {
      this.#native.fill(0, count);
      this.#playing = false;
      this.#waited = 0;
    }
    return this.#at(rate);
  }

  #begins(): boolean {
    const { available } = this.#ring;
    if (available === 0) return false;
    this.#waited = available === this.#before ? this.#waited + 1 : 0;
    this.#before = available;
    this.#playing = available >= CUSHION * this.#native.length || this.#waited >= PATIENCE;
    return this.#playing;
  }

  #at(rate: SampleRate): Int16Array {
    if (rate === this.#ring.rate) return this.#native;
    if (rate !== this.#to || this.#resampler === undefined) {
      this.#to = rate;
      this.#resampler = new Resampler(this.#ring.rate as SampleRate, rate);
      this.#converted = new Int16Array(rate / 50);
    }
    this.#resampler.process(this.#native, this.#native.length, this.#converted);
    return this.#converted;
  }
}
