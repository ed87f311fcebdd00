/** What a far end says, as a steady run of 20 ms frames.
 *
 *   packet ──► jitter buffer ──► decode | recover | conceal | comfort noise ──► frame ──► at any rate
 *
 * A packet that is due and not here is made up; when it comes after all, the sound behind it waits longer from then on.
 * What waits longer than the measured lateness asks for is shortened again, a frame at a time, in a pause if one comes. */
import { type AudioCodec, createCodec } from '../codec/audio-codec.ts';
import type { OpusRate } from '../codec/opus.ts';
import { ComfortNoise } from '../codec/comfort-noise.ts';
import type { Payload } from '../../ports/index.ts';
import { Frames } from './frames.ts';
import { GAP, JitterBuffer, NONE } from './jitter-buffer.ts';

const FRAME_MS = 20;
/** The longest packet that fits a slot: 1488 bytes of G.711. */
const SCRATCH_MS = 190;
/** Frames made up in a row before silence is silence. */
const MOST_MADE = 5;
/** Waiting more than asked for, ms: tolerated, hurried, cut off. */
const TOLERATED_MS = 25;
const HURRIED_MS = 60;
const CUT_MS = 200;
const LACKING_MS = -5;
/** For so many frames before something is done about it. */
const PATIENCE = 25;
const HURRY = 5;
/** A pause to shorten in is waited for so much longer. */
const PAUSE_PATIENCE = 100;
const QUIET = 300;

const KEEP = 0;
const SHORTEN = 1;
const LENGTHEN = 2;

export class Said {
  readonly buffer: JitterBuffer;
  frames = new Frames(8000);
  readonly #payloads: readonly (Payload | undefined)[];
  readonly #codecs: (AudioCodec | undefined)[] = [];
  readonly #noise: ComfortNoise;
  #codec: AudioCodec | undefined;
  #decoded = new Int16Array(8 * SCRATCH_MS);
  #from = 0;
  #until = 0;
  #cycle = -1;
  #rate: OpusRate = 8000;
  #playing = false;
  #noisy = false;
  #packetMs = FRAME_MS;
  /** Frames made up for packets that had not come. */
  #made = 0;
  /** Samples of missing packets that are still to be made up. */
  #owed = 0;
  #excessive = 0;
  #lacking = 0;
  #other = new Int16Array(160);

  /** `payloads` by received payload type; `jitterMs` as measured so far. */
  // oxlint-disable-next-line max-params -- a stream and what is known of it
  constructor(payloads: readonly (Payload | undefined)[], ptime: number, jitterMs: number, seed: number) {
    this.#payloads = payloads;
    this.#packetMs = ptime;
    this.#noise = new ComfortNoise(seed);
    this.buffer = new JitterBuffer(jitterMs);
  }

  /** Sound is coming. */
  get playing(): boolean {
    return this.#playing;
  }

  /** What comes is in a codec that only the studio decodes. */
  get transformed(): boolean {
    const codec = this.#codec;
    return codec !== undefined && (codec.rate !== 8000 || codec.clockRate !== 8000);
  }

  /** How long a packet that comes now will wait, in frames: what was sent on without waiting is ahead by this much. */
  get waitingFrames(): number {
    if (!this.#playing) return 0;
    return Math.round((this.buffer.span * this.#packetMs + this.#heldMs) / FRAME_MS);
  }

  /** Someone wants this rate: a codec that leaves the choice is decoded at it from the next packet on. Never less again,
   * for each change costs a moment of its quality. */
  raise(rate: OpusRate): void {
    if (rate <= this.#rate) return;
    this.#rate = rate;
    for (const [type, codec] of this.#codecs.entries()) {
      if (codec === undefined || codec.clockRate !== 48_000) continue;
      if (codec === this.#codec) this.#codec = undefined;
      codec.close();
      this.#codecs[type] = undefined;
    }
  }

  /** Makes the frame of this beat, once, whoever asks first. */
  pull(cycle: number, now: number): void {
    if (cycle === this.#cycle) return;
    this.#cycle = cycle;
    if (!this.#playing && !this.#begins(now)) this.#rest();
    else this.#play(this.#judge(now));
    this.frames.next();
  }

  close(): void {
    for (const codec of this.#codecs) codec?.close();
    this.#codecs.length = 0;
    this.#codec = undefined;
  }

  get #heldMs(): number {
    return ((this.#until - this.#from) * 1000) / this.frames.rate;
  }

  /** How long a punctual packet waits for its turn, ms. */
  #wait(now: number): number {
    const { span, newestAt, newestLate } = this.buffer;
    return now - newestAt + (span - 1) * this.#packetMs + this.#heldMs + newestLate;
  }

  #begins(now: number): boolean {
    if (this.buffer.span <= 0 || this.#wait(now) < this.buffer.lateness.target) return false;
    while (this.buffer.turn === GAP) this.buffer.step();
    this.#playing = true;
    this.#made = 0;
    this.#owed = 0;
    return true;
  }

  #rest(): void {
    if (this.#noisy) this.#noise.render(this.frames.samples);
    else this.frames.samples.fill(0);
  }

  /** Is the wait right? */
  #judge(now: number): typeof KEEP | typeof SHORTEN | typeof LENGTHEN {
    if (this.buffer.span <= 0) return KEEP;
    let excess = this.#wait(now) - this.buffer.lateness.target;
    while (excess > CUT_MS && this.buffer.span > 1) {
      this.buffer.step();
      excess -= this.#packetMs;
    }
    this.#excessive = excess > TOLERATED_MS ? this.#excessive + 1 : 0;
    this.#lacking = excess < LACKING_MS ? this.#lacking + 1 : 0;
    const patience = excess > HURRIED_MS ? HURRY : PATIENCE;
    if (this.#excessive >= patience && this.buffer.span > 1) return SHORTEN;
    return this.#lacking >= HURRY ? LENGTHEN : KEEP;
  }

  #play(what: number): void {
    if (what === LENGTHEN && this.#codec !== undefined) {
      this.#lacking = 0;
      this.#codec.conceal(this.frames.samples);
      return;
    }
    this.#fill(this.frames);
    if (what !== SHORTEN) return;
    if (!isQuiet(this.frames.samples) && this.#excessive < PAUSE_PATIENCE) return;
    this.#shorten();
  }

  /** Two frames in the time of one: the first fades into the second. */
  #shorten(): void {
    const { frames } = this;
    const first = this.#other;
    first.set(frames.samples);
    this.#fill(frames);
    this.#excessive = 0;
    if (this.frames !== frames) return;
    const count = frames.samples.length;
    for (let i = 0; i < count; i++) {
      const share = (i + 1) / (count + 1);
      frames.samples[i] = Math.round(frames.samples[i]! * share + first[i]! * (1 - share));
    }
  }

  /** Twenty ms from what waits; what is missing is made up. */
  #fill(frames: Frames): void {
    let filled = 0;
    let { samples } = frames;
    while (filled < samples.length) {
      if (this.#from >= this.#until) this.#more();
      // The far end changed to a codec of another rate: the frame begins anew.
      if (this.frames.samples !== samples) {
        samples = this.frames.samples;
        filled = 0;
      }
      const count = Math.min(samples.length - filled, this.#until - this.#from);
      for (let i = 0; i < count; i++) samples[filled + i] = this.#decoded[this.#from + i]!;
      filled += count;
      this.#from += count;
    }
  }

  /** Takes one turn of the buffer; it may give no sound. */
  #more(): void {
    const { buffer } = this;
    this.#from = 0;
    this.#until = 0;
    const { turn } = buffer;
    if (turn === NONE) return this.#absent();
    if (turn === GAP) return this.#missing();
    if (buffer.isSound) this.#decode();
    else if (buffer.isNoise) this.#hush();
    buffer.step();
  }

  #decode(): void {
    const { buffer } = this;
    if (!this.#use(buffer.type)) return;
    this.#noisy = false;
    this.#made = 0;
    this.#owed = 0;
    this.#until = this.#codec!.decode(buffer.bytes, buffer.at, buffer.length, this.#decoded);
    this.#packetMs = Math.max(5, this.#heldMs);
  }

  #hush(): void {
    const { buffer } = this;
    this.#noise.update(buffer.bytes, buffer.at, buffer.length);
    this.#noisy = true;
    this.#until = this.#noise.render(this.#decoded, this.frames.samples.length);
  }

  /** Nothing is here at all: late, or the far end has stopped. */
  #absent(): void {
    const size = this.frames.samples.length;
    if (this.#made++ >= MOST_MADE) this.#playing = false;
    if (this.#noisy) this.#until = this.#noise.render(this.#decoded, size);
    else if (this.#codec !== undefined && this.#playing) this.#until = this.#codec.conceal(this.#decoded);
    else {
      this.#decoded.fill(0, 0, size);
      this.#until = size;
    }
  }

  /** A packet is lost: later ones are here. */
  #missing(): void {
    const { buffer } = this;
    const codec = this.#codec;
    if (this.#made > 0) this.#made--;
    else if (codec !== undefined) {
      this.#owed += (this.#packetMs * codec.rate) / 1000;
      if (this.#owed >= codec.frame) {
        this.#owed -= codec.frame;
        const helped = buffer.soundAfterGap && this.#codecs[buffer.typeAfterGap] === codec;
        this.#until = helped
          ? codec.recover(buffer.bytes, buffer.atAfterGap, buffer.lengthAfterGap, this.#decoded)
          : codec.conceal(this.#decoded);
        if (this.#owed >= codec.frame) return;
      }
    }
    buffer.step();
  }

  /** The codec of a payload type; false when we have none. */
  #use(type: number): boolean {
    let codec = this.#codecs[type];
    if (codec === undefined) {
      const payload = this.#payloads[type];
      codec = payload === undefined ? undefined : createCodec(payload, this.#rate);
      if (codec === undefined) return false;
      this.#codecs[type] = codec;
    }
    if (codec === this.#codec) return true;
    this.#codec = codec;
    if (codec.rate !== this.frames.rate) this.#retune(codec.rate);
    return true;
  }

  #retune(rate: OpusRate): void {
    this.frames = new Frames(rate);
    this.#decoded = new Int16Array((rate / 1000) * SCRATCH_MS);
    this.#other = new Int16Array(rate / 50);
  }
}

/** Quiet enough that nobody hears a piece missing. */
export function isQuiet(samples: Int16Array): boolean {
  for (let i = 0; i < samples.length; i += 2) if (samples[i]! > QUIET || samples[i]! < -QUIET) return false;
  return true;
}
