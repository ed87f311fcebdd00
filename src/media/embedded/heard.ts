import { type AudioCodec, createCodec } from '../codec/audio-codec.ts';
import type { Payload } from '../../ports/index.ts';
import { Mix } from '../studio/mix.ts';

/** What a far end hears while the studio makes it: one mix, one encoder. */
export class Heard {
  readonly payload: Payload;
  readonly codec: AudioCodec;
  readonly mix: Mix;
  /** Nothing has been sent yet. */
  fresh = true;
  /** Frames of the other party that were relayed before and are not to be heard again. */
  skip: number;
  /** Frames since nothing needs it any more. */
  leaving = 0;
  /** The key that is passed: its timestamp there and here. */
  keySource = -1;
  keyAt = 0;

  constructor(payload: Payload, codec: AudioCodec, skip: number) {
    this.payload = payload;
    this.codec = codec;
    this.mix = new Mix(codec.rate);
    this.skip = skip;
  }

  static for(payload: Payload, skip: number): Heard | undefined {
    const codec = createCodec(payload);
    return codec === undefined ? undefined : new Heard(payload, codec, skip);
  }
}
