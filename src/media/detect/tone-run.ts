/** One unbroken tone, from its first frame to its last: how long, how high, how steady. Kept and reset, never made anew. */
import type { Sound } from './sound.ts';

/** Frames of another sound that do not end a tone: a lost packet, or the null of two beating tones. */
const BRIDGED = 3;
/** Hz a steady line moves between two frames at most, and one that glides. */
const STEADY_HZ = 12;
const GLIDE_HZ = 60;
const GLIDE_SHARE = 0.93;
/** Below lies the voice's own pitch. */
const LOWEST_HZ = 340;
/** What lies below beside a tone is noise of the line. */
const LOWEST_COMPANION_HZ = 300;
const FAINTEST_DB = -46;

export class ToneRun {
  /** Frame numbers of the first and last frame. */
  start = -1;
  end = -1;
  /** Frames that were tone. */
  frames = 0;
  /** Mean level of the 100 ms before, dB. */
  before = 0;
  #gap = 0;
  #first = 0;
  #second = 0;
  #sumFirst = 0;
  #squareFirst = 0;
  #sumSecond = 0;
  #seconds = 0;
  #sumLevel = 0;
  #squareLevel = 0;
  #share = 0;
  #inner = 0;
  #top = 0;

  get open(): boolean {
    return this.start >= 0 && this.#gap <= BRIDGED;
  }

  reset(): void {
    this.start = -1;
    this.frames = 0;
  }

  /** Begins at the newest frame. */
  begin(sound: Sound, before: number): void {
    this.start = sound.frames - 1;
    this.before = before;
    this.frames = 0;
    this.#sumFirst = this.#squareFirst = this.#sumSecond = this.#seconds = 0;
    this.#sumLevel = this.#squareLevel = this.#share = this.#inner = 0;
    this.#top = sound.level;
    this.#take(sound, sound.peaks.strong, sound.peaks.weak);
  }

  /** Takes the newest frame; false when the run is over. */
  extend(sound: Sound): boolean {
    const { strong, weak, single } = sound.peaks;
    if (toneLike(sound)) {
      const moved = Math.abs(strong - this.#first);
      if (moved < STEADY_HZ || (moved < GLIDE_HZ && single > GLIDE_SHARE)) {
        this.#take(sound, strong, weak);
        return true;
      }
      // The lines of a pair take turns in being the stronger.
      if (Math.abs(weak - this.#first) < STEADY_HZ && Math.abs(strong - this.#second) < STEADY_HZ) {
        this.#take(sound, weak, strong);
        return true;
      }
    }
    this.#gap++;
    return this.#gap <= BRIDGED;
  }

  #take(sound: Sound, first: number, second: number): void {
    this.#gap = 0;
    this.end = sound.frames - 1;
    this.frames++;
    this.#first = first;
    this.#second = second;
    this.#top = Math.max(this.#top, sound.level);
    // The first frame is half filled: it says little.
    if (this.frames === 1) return;
    this.#inner++;
    this.#sumFirst += first;
    this.#squareFirst += first * first;
    this.#sumLevel += sound.level;
    this.#squareLevel += sound.level * sound.level;
    this.#share += sound.peaks.both;
    if (second < LOWEST_COMPANION_HZ) return;
    this.#sumSecond += second;
    this.#seconds++;
  }

  /** Hz, mean of the leading line. */
  get frequency(): number {
    return this.#inner === 0 ? this.#first : this.#sumFirst / this.#inner;
  }

  /** Hz of the line beside it; 0 for a single tone. */
  get companion(): number {
    return this.#seconds > 0.7 * this.#inner && this.share > 0.9 ? this.#sumSecond / this.#seconds : 0;
  }

  /** Standard deviation of the leading line, Hz. */
  get wander(): number {
    return deviation(this.#sumFirst, this.#squareFirst, this.#inner);
  }

  /** Standard deviation of the level, dB. */
  get unsteadiness(): number {
    return deviation(this.#sumLevel, this.#squareLevel, this.#inner);
  }

  /** Share of all power that was the tone's, 0 to 1. */
  get share(): number {
    return this.#inner === 0 ? 0 : this.#share / this.#inner;
  }

  /** dBov. */
  get level(): number {
    return this.#inner === 0 ? this.#top : this.#sumLevel / this.#inner;
  }
}

/** A frame that one or two lines rule. */
export function toneLike(sound: Sound): boolean {
  const { strong, single, both } = sound.peaks;
  return sound.level > FAINTEST_DB && strong > LOWEST_HZ && (single > 0.5 || both > 0.8);
}

function deviation(sum: number, squares: number, n: number): number {
  return n < 2 ? 0 : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}
