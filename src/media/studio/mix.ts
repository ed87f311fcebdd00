import type { SampleRate } from '../codec/resampler.ts';
import { Frames } from './frames.ts';
import { Limiter } from './limiter.ts';
import type { Strip } from './strip.ts';

/** The sum of what a far end hears: main track at its gain, other tracks, feeds; nothing of it ever wraps.
 *
 *   main ─► gain ─► limiter ─┬─► sum ─► limiter ─► frame
 *   tracks at their gains ───┤
 *   feeds ───────────────────┘                                                                                  */
export class Mix {
  readonly rate: SampleRate;
  /** The last frame made. */
  readonly frames: Frames;
  readonly #sum: Float32Array;
  readonly #main: Int16Array;
  readonly #mainLimiter = new Limiter();
  readonly #limiter = new Limiter();
  #gain: number;

  /** `gain`: the factor on the main track that was in force before. */
  constructor(rate: SampleRate, gain = 1) {
    this.rate = rate;
    this.#gain = gain;
    this.frames = new Frames(rate);
    this.#sum = new Float32Array(rate / 50);
    this.#main = new Int16Array(rate / 50);
  }

  /** Makes a frame. `main` is undefined for silence; `told` hears of tracks that came to their end. */
  make(main: Int16Array | undefined, strip: Strip | undefined, told: (track: string) => void): void {
    if (main !== undefined && this.#isAlone(strip)) {
      this.frames.samples.set(main);
      return this.frames.next();
    }
    const replaced = strip !== undefined && strip.feeds.size > 0 && this.#feeds(strip, true);
    if (!replaced) this.#begin(main, strip === undefined ? 1 : strip.gain);
    if (strip !== undefined) {
      if (strip.feeds.size > 0) this.#feeds(strip, false);
      if (strip.sounding > 0) this.#tracks(strip, told);
    }
    this.#limiter.process(this.#sum, this.frames.samples);
    this.frames.next();
  }

  /** The main track and nothing else, as it is: what fits 16 bits already is neither summed nor limited. Most calls that are
   * only transcoded are this. */
  #isAlone(strip: Strip | undefined): boolean {
    if (this.#gain !== 1 || !this.#limiter.rests) return false;
    return strip === undefined || (strip.gain === 1 && strip.feeds.size === 0 && strip.sounding === 0);
  }

  get gain(): number {
    return this.#gain;
  }

  /** A frame of silence, while keys are sent or nothing may be. */
  hush(): void {
    this.frames.samples.fill(0);
    this.frames.next();
  }

  /** The main track; its gain moves over the frame, a step would click. */
  #begin(main: Int16Array | undefined, gain: number): void {
    const sum = this.#sum;
    const from = this.#gain;
    this.#gain = gain;
    if (main === undefined) {
      sum.fill(0);
      return;
    }
    if (from === 1 && gain === 1) {
      for (let i = 0; i < sum.length; i++) sum[i] = main[i]!;
      return;
    }
    const step = (gain - from) / sum.length;
    for (let i = 0; i < sum.length; i++) sum[i] = main[i]! * (from + step * (i + 1));
    this.#mainLimiter.process(sum, this.#main);
    for (let i = 0; i < sum.length; i++) sum[i] = this.#main[i]!;
  }

  /** Adds the feeds of one mode; true when one had sound. Those that replace begin the sum. */
  #feeds(strip: Strip, replacing: boolean): boolean {
    let sounded = false;
    for (const feed of strip.feeds.values()) {
      if (feed.replaces !== replacing) continue;
      const frame = feed.next(this.rate);
      if (frame === undefined) continue;
      if (replacing && !sounded) this.#sum.fill(0);
      this.#add(frame, 1);
      sounded = true;
    }
    return sounded;
  }

  #tracks(strip: Strip, told: (track: string) => void): void {
    for (const track of strip.tracks.values()) {
      const { play } = track;
      if (play === undefined) continue;
      this.#add(play.next(this.rate), track.gain);
      if (!play.over) continue;
      strip.play(track.name, undefined);
      told(track.name);
    }
  }

  #add(frame: Int16Array, gain: number): void {
    const sum = this.#sum;
    for (let i = 0; i < sum.length; i++) sum[i]! += frame[i]! * gain;
  }
}
