/** One face for all codecs of the studio path. A worker that waits in the kernel calls it every 20 ms for each leg, so everything
 * here is synchronous and allocates nothing a frame; and it is fed from the network, so no byte makes it throw. */
import { Concealer } from './conceal.ts';
import { decoder, encoder, type G711, isG711 } from './g711.ts';
import { G722Decoder, G722Encoder } from './g722.ts';
import { hasOpus, type OpusRate, OpusStream } from './opus.ts';
import { opusParameters } from './opus-parameters.ts';

export interface AudioCodec {
  /** Hz of the samples. */
  readonly rate: 8000 | 16_000 | 48_000;
  /** Hz of RTP timestamps: for G.722 8000, an old mistake kept (RFC 3551 §4.5.2). */
  readonly clockRate: 8000 | 48_000;
  /** Samples of 20 ms. */
  readonly frame: number;
  /** Encodes all of `samples`, a frame, to `into` from `at`; bytes written, 0 where there is nothing to send. */
  encode(samples: Int16Array, into: Uint8Array, at: number): number;
  /** The far end reports that it loses this of what we send, percent. Of codecs that can do something about it. */
  expectLoss?(percent: number): void;
  /** Decodes a packet, as far as `into` has room; samples written. What is no packet of this codec is concealed. */
  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number;
  /** A packet is missing: makes 20 ms up; samples written. */
  conceal(into: Int16Array): number;
  /** A packet is missing and the one after it is here: `decode` it next. As good as the codec can, else as `conceal`. */
  recover(bytes: Uint8Array, at: number, length: number, into: Int16Array): number;
  /** Gives back what is held outside of JavaScript. Idempotent. Not to be used afterwards; if it is, nothing throws. */
  close(): void;
}

/** What codecs without concealment of their own share: lost sound is made from the sound before it. */
abstract class ConcealedCodec {
  abstract readonly frame: number;
  protected readonly concealer: Concealer;

  constructor(rate: number) {
    this.concealer = new Concealer(rate);
  }

  conceal(into: Int16Array): number {
    return this.concealer.conceal(into, this.frame);
  }

  recover(_bytes: Uint8Array, _at: number, _length: number, into: Int16Array): number {
    return this.conceal(into);
  }

  close(): void {}
}

class G711Codec extends ConcealedCodec implements AudioCodec {
  readonly rate = 8000;
  readonly clockRate = 8000;
  readonly frame = 160;
  readonly #toByte: Uint8Array;
  readonly #toSample: Int16Array;

  constructor(codec: G711) {
    super(8000);
    this.#toByte = encoder(codec);
    this.#toSample = decoder(codec);
  }

  encode(samples: Int16Array, into: Uint8Array, at: number): number {
    const count = Math.max(0, Math.min(samples.length, into.length - at));
    for (let i = 0; i < count; i++) into[at + i] = this.#toByte[samples[i]! & 0xffff]!;
    return count;
  }

  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    const count = Math.min(length, bytes.length - at, into.length);
    if (count < 1) return this.conceal(into);
    for (let i = 0; i < count; i++) into[i] = this.#toSample[bytes[at + i]!]!;
    this.concealer.good(into, count);
    return count;
  }
}

class G722Codec extends ConcealedCodec implements AudioCodec {
  readonly rate = 16_000;
  readonly clockRate = 8000;
  readonly frame = 320;
  readonly #encoder = new G722Encoder();
  readonly #decoder = new G722Decoder();

  constructor() {
    super(16_000);
  }

  encode(samples: Int16Array, into: Uint8Array, at: number): number {
    return this.#encoder.encode(samples, into, at);
  }

  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    const count = this.#decoder.decode(bytes, at, length, into);
    if (count === 0) return this.conceal(into);
    this.concealer.good(into, count);
    return count;
  }
}

class OpusCodec implements AudioCodec {
  readonly rate: OpusRate;
  readonly clockRate = 48_000;
  readonly frame: number;
  readonly #stream: OpusStream;
  /** Concealed sound is made here, so that it is 20 ms whatever room the caller has. */
  readonly #made: Int16Array;

  constructor(fmtp: string | undefined, rate: OpusRate) {
    this.rate = rate;
    this.frame = rate / 50;
    this.#made = new Int16Array(this.frame);
    this.#stream = new OpusStream(opusParameters(fmtp), rate);
  }

  expectLoss(percent: number): void {
    this.#stream.expectLoss(percent);
  }

  encode(samples: Int16Array, into: Uint8Array, at: number): number {
    return this.#stream.encode(samples, into, at);
  }

  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    const count = this.#stream.decode(bytes, at, length, into);
    return count === 0 ? this.conceal(into) : count;
  }

  conceal(into: Int16Array): number {
    return this.#give(this.#stream.conceal(this.#made), into);
  }

  recover(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    const count = this.#stream.recover(bytes, at, length, this.#made);
    return count === 0 ? this.conceal(into) : this.#give(count, into);
  }

  #give(count: number, into: Int16Array): number {
    const given = Math.min(this.frame, into.length);
    for (let i = 0; i < given; i++) into[i] = i < count ? this.#made[i]! : 0;
    return given;
  }

  close(): void {
    this.#stream.close();
  }
}

/** What of a negotiated payload a codec needs. */
export type CodecPayload = { readonly codec: string; readonly fmtp?: string };

/** A new pair of encoder and decoder, one a leg; undefined for what is no audio codec of ours. `rate`: Hz of the samples, of
 * a codec that leaves the choice. */
export function createCodec(payload: CodecPayload, rate: OpusRate = 48_000): AudioCodec | undefined {
  if (isG711(payload.codec)) return new G711Codec(payload.codec);
  if (payload.codec === 'G722') return new G722Codec();
  if (payload.codec === 'OPUS' && hasOpus()) return new OpusCodec(payload.fmtp, rate);
  return undefined;
}
