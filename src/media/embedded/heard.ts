import { type AudioCodec, createCodec } from '../codec/audio-codec.ts';
import type { OpusRate } from '../codec/opus.ts';
import type { Payload } from '../../ports/index.ts';
import { Mix } from '../studio/mix.ts';
import { packetMs, Packets } from '../studio/packets.ts';

/** What a far end hears while the studio makes it: one mix, one encoder. */
export class Heard {
  readonly payload: Payload;
  codec: AudioCodec;
  mix: Mix;
  packets: Packets;
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
  /** The next packet begins a talkspurt. */
  begins = true;
  readonly #packetMs: number;
  /** Frames of silence in a row. */
  silent = 0;

  /** `ptime`: what the far end asked for, ms. `skip`: see there. */
  // oxlint-disable-next-line max-params -- what it is made of
  constructor(payload: Payload, codec: AudioCodec, ptime: number, skip: number) {
    this.payload = payload;
    this.codec = codec;
    this.mix = new Mix(codec.rate);
    this.#packetMs = packetMs(ptime, payload.codec);
    this.packets = new Packets(codec, this.#packetMs);
    this.skip = skip;
  }

  /** `rate`: of the best of its sources, for a codec that leaves the choice. */
  // oxlint-disable-next-line max-params -- as the constructor
  static for(payload: Payload, rate: OpusRate, ptime: number, skip: number): Heard | undefined {
    const codec = createCodec(payload, rate);
    return codec === undefined ? undefined : new Heard(payload, codec, ptime, skip);
  }

  /** A source with more band came: from now on all of it is coded. */
  raise(rate: OpusRate): void {
    if (this.codec.clockRate !== 48_000 || rate <= this.codec.rate) return;
    const codec = createCodec(this.payload, rate);
    if (codec === undefined) return;
    this.codec.close();
    this.codec = codec;
    this.mix = new Mix(codec.rate, this.mix.gain);
    this.packets = new Packets(codec, this.#packetMs);
  }

  /** A frame of silence, while keys are sent or nothing may be. */
  hush(): void {
    this.mix.hush();
    this.packets.clear();
  }

  /** Is this still what was negotiated? */
  fits(payload: Payload | undefined, ptime: number): boolean {
    return payload === this.payload && packetMs(ptime, this.payload.codec) === this.#packetMs;
  }
}
