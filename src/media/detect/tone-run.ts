/** One unbroken tone, from its first frame to its last: how long, how high, how steady. Kept and reset, never made anew. */
import type { Sound } from './sound.ts';

/** Frames of another sound that do not end a tone: a lost packet, or the null of two beating tones. */
const BRIDGED = 3;
/** Hz a steady line moves between two frames at most, and one that glides. */
const STEADY_HZ = 12;
/** In noise it moves more, but about one place. */
const NOISY_HZ = 30;
const GLIDE_HZ = 60;
const GLIDE_SHARE = 0.93;
/** Below lies the voice's own pitch. */
const LOWEST_HZ = 340;
/** What lies below beside a tone is noise of the line. */
const LOWEST_COMPANION_HZ = 300;
const FAINTEST_DB = -56;
/** Frames after which the frequency is known; frames before the beginning that are measured. */
const SETTLED = 4;
const EDGE = 4;

export class ToneRun {
  /** Frame numbers of the first and last frame. */
  start = -1;
  end = -1;
  /** Frames that were tone. */
  frames = 0;
  /** Mean level of the 100 ms before, dB. */
  before = 0;
  /** Level about its own line before it began, dB: what sounded there already is no beep's doing. */
  lineBefore = 0;
  /** Loudest frame of the 200 ms before, dB. */
  loudBefore = 0;
  /** Power beside its lines before it began. */
  restBefore = 0;
  #gap = 0;
  readonly #newest = { first: 0, second: 0, level: 0, share: 0, line: 0, rest: 0, at: 0, torn: false };
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
  #line = 0;
  #rest = 0;
  /** Sums of a straight line through the frequency: over time t, t², and t times Hz. */
  #sumT = 0;
  #squareT = 0;
  #crossT = 0;

  get open(): boolean {
    return this.start >= 0 && this.#gap <= BRIDGED;
  }

  reset(): void {
    this.start = -1;
    this.frames = 0;
  }

  /** Begins at the newest frame. */
  begin(sound: Sound, before: number, loudBefore: number): void {
    this.start = sound.frames - 1;
    this.before = before;
    this.loudBefore = loudBefore;
    this.frames = 0;
    this.#sumFirst = this.#squareFirst = this.#sumSecond = this.#seconds = 0;
    this.#sumLevel = this.#squareLevel = this.#share = this.#inner = 0;
    this.#top = sound.level;
    this.#line = this.#rest = this.#sumT = this.#squareT = this.#crossT = 0;
    this.lineBefore = this.restBefore = 0;
    this.#take(sound, sound.peaks.strong, sound.peaks.weak);
  }

  /** Takes the newest frame; false when the run is over. */
  extend(sound: Sound): boolean {
    const { strong, weak, single } = sound.peaks;
    if (toneLike(sound)) {
      const moved = Math.abs(strong - this.#first);
      const about = moved < NOISY_HZ && Math.abs(strong - this.frequency) < NOISY_HZ / 2;
      if (moved < STEADY_HZ || about || (moved < GLIDE_HZ && single > GLIDE_SHARE)) {
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
    // The first frame and the last are half filled: they say little. So does the one after a lost packet.
    if (this.frames > 2 && !this.#newest.torn) this.#count();
    if (this.frames === SETTLED) this.#measureBefore(sound);
    this.#newest.first = first;
    this.#newest.second = second;
    this.#newest.level = sound.level;
    this.#newest.share = sound.peaks.both;
    this.#newest.line = sound.lineLevel(first, 0);
    this.#newest.rest = sound.rest(first, second, 0);
    this.#newest.at = this.end - this.start;
    this.#newest.torn = sound.torn;
  }

  /** The frequency is known well enough by now to look for it in the past. */
  #measureBefore(sound: Sound): void {
    const begun = sound.frames - 1 - this.start;
    let lines = 0;
    let rest = 0;
    for (let i = 0; i < EDGE; i++) {
      const back = Math.min(11, begun + 2 + i);
      lines += sound.lineLevel(this.#first, back);
      rest += sound.rest(this.#first, this.#second, back);
    }
    this.lineBefore = lines / EDGE;
    this.restBefore = rest / EDGE;
  }

  /** Counts the frame before the newest. */
  #count(): void {
    const { first, second, level, share, line, rest, at } = this.#newest;
    this.#inner++;
    this.#line += line;
    this.#rest += rest;
    this.#sumT += at;
    this.#squareT += at * at;
    this.#crossT += at * first;
    this.#sumFirst += first;
    this.#squareFirst += first * first;
    this.#sumLevel += level;
    this.#squareLevel += level * level;
    this.#share += share;
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

  /** Hz of the lower line. */
  get lowest(): number {
    return this.companion === 0 ? this.frequency : Math.min(this.frequency, this.companion);
  }

  /** Standard deviation of the leading line, Hz. */
  get wander(): number {
    return deviation(this.#sumFirst, this.#squareFirst, this.#inner);
  }

  /** The same as a part of the frequency. */
  get relativeWander(): number {
    return this.wander / this.frequency;
  }

  /** What is left of the wander when a steady glide is taken out, as a part of the frequency. */
  get unevenness(): number {
    const n = this.#inner;
    const spreadT = this.#squareT - this.#sumT ** 2 / Math.max(1, n);
    if (n < 3 || spreadT <= 0) return this.relativeWander;
    const slope = (this.#crossT - (this.#sumT * this.#sumFirst) / n) / spreadT;
    const left = this.wander ** 2 - (slope ** 2 * spreadT) / n;
    return Math.sqrt(Math.max(0, left)) / this.frequency;
  }

  /** Level about its line, dB as Sound.lineLevel. */
  get line(): number {
    return this.#inner === 0 ? this.#newest.line : this.#line / this.#inner;
  }

  /** Power beside its lines that was not there before, nor after (`restAfter`): a vowel's, or what a codec makes of a tone. As
   * a part of the tone's own, dB. */
  added(restAfter: number | undefined): number {
    if (this.#inner === 0) return 0;
    const there = restAfter === undefined ? this.restBefore : Math.max(this.restBefore, restAfter);
    return 10 * Math.log10(Math.max(1e-6, this.#rest / this.#inner - there)) - this.line;
  }

  /** Standard deviation of the level, dB. */
  get unsteadiness(): number {
    return deviation(this.#sumLevel, this.#squareLevel, this.#inner);
  }

  /** Share of all power that was the tone's, 0 to 1. */
  get share(): number {
    return this.#inner === 0 ? 0 : this.#share / this.#inner;
  }

  /** Too pure for any vowel, however short: of 186 vowels that are nearly tones one or two are as pure, of the network's tones nine in ten. */
  get pure(): boolean {
    const { frames, share, relativeWander: wander, frequency } = this;
    if (frames < 4 || share < 0.88) return false;
    if (this.companion > 0) return wander < 0.0035;
    if (frames >= 6 && share > 0.95 && wander < 0.005) return true;
    if (frames >= 7 && wander < 0.004) return true;
    // Lines 50 Hz apart beat: the British ringing tone.
    return frames >= 9 && share > 0.97 && wander < 0.05 && frequency > 385 && frequency < 470;
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
