import { type AudioCodec, createCodec } from '../codec/audio-codec.ts';
import type { OpusRate } from '../codec/opus.ts';
import type { Payload } from '../../ports/index.ts';
import { Mix } from '../studio/mix.ts';

/** What a far end hears while the studio makes it: one mix, one encoder. */
export class Heard {
  readonly payload: Payload;
  codec: AudioCodec;
  mix: Mix;
  /** Nothing has been sent yet. */
  fresh = true;
  /** Frames of the other party that were relayed before and are not to be heard again. */
  skip: number;
  /** Frames that the first has waited. */
  waited = 0;
  /** Frames since nothing needs it any more. */
  leaving = 0;
  /** The key that is passed: its timestamp there and here. */
  keySource = -1;
  keyAt = 0;
  /** Frames of silence in a row. */
  silent = 0;

  constructor(payload: Payload, codec: AudioCodec, skip: number) {
    this.payload = payload;
    this.codec = codec;
    this.mix = new Mix(codec.rate);
    this.skip = skip;
  }

  /** `rate`: of the best of its sources, for a codec that leaves the choice. */
  static for(payload: Payload, rate: OpusRate, skip: number): Heard | undefined {
    const codec = createCodec(payload, rate);
    return codec === undefined ? undefined : new Heard(payload, codec, skip);
  }

  /** A source with more band came: from now on all of it is coded. */
  raise(rate: OpusRate): void {
    if (this.codec.clockRate !== 48_000 || rate <= this.codec.rate) return;
    const codec = createCodec(this.payload, rate);
    if (codec === undefined) return;
    this.codec.close();
    this.codec = codec;
    this.mix = new Mix(codec.rate, this.mix.gain);
  }
}
