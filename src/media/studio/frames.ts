/** One sound, 20 ms at a time, at every rate that someone wants it in. Rates are converted once a frame, however many
 * want them. */
import { Resampler, type SampleRate } from '../codec/resampler.ts';

type Copy = { readonly rate: SampleRate; readonly resampler: Resampler; readonly samples: Int16Array; count: number };

export class Frames {
  readonly rate: SampleRate;
  /** The sound at its own rate: written by the owner, then `next()`. */
  readonly samples: Int16Array;
  readonly #copies: Copy[] = [];
  #count = 0;

  constructor(rate: SampleRate) {
    this.rate = rate;
    this.samples = new Int16Array(rate / 50);
  }

  /** A new frame is in `samples`. */
  next(): void {
    this.#count++;
  }

  /** The frame at a rate: good until the next. */
  at(rate: SampleRate): Int16Array {
    if (rate === this.rate) return this.samples;
    let copy: Copy | undefined;
    for (const each of this.#copies) if (each.rate === rate) copy = each;
    copy ??= this.#copy(rate);
    if (copy.count !== this.#count) {
      copy.count = this.#count;
      copy.resampler.process(this.samples, this.samples.length, copy.samples);
    }
    return copy.samples;
  }

  #copy(rate: SampleRate): Copy {
    const copy = { rate, resampler: new Resampler(this.rate, rate), samples: new Int16Array(rate / 50), count: -1 };
    this.#copies.push(copy);
    return copy;
  }
}
