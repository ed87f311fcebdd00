/** Tells voice from background by level alone: the background is followed while nobody speaks, and voice is what stands out
 * from it by more than it sways. */
import { MOST_LOST, QUIET_DB } from './sound.ts';

/** Frames at the beginning that are taken for background. */
const LEARNED = 5;
/** A line that begins louder than this, dBov, may begin with somebody who speaks already: longer is listened before that is
 * taken for background, frames, and what sways by so many dB meanwhile is voice. */
const LOUD_DB = -36;
const DOUBTED = 20;
const VOICE_SWAYS_DB = 10;
/** A line behind a voice that was there from the beginning, dBov, until it is heard. */
const USUAL_DB = -55;
/** How far voice stands out: at least, and in standard deviations of the background; never more than the last. */
const LEAST_RISE_DB = 5;
const RISE_SWAYS = 1.8;
const MOST_RISE_DB = 7;
/** Softer than this is no voice on any line, dBov. */
const FAINTEST_DB = -64;
/** Softer than the loudest voice so far by more than this is its echo or its breath, dB. */
const UNDER_PEAK_DB = 15;
/** A background that falls by this much, for longer than packets are lost in a row, was voice itself. */
const DROP_DB = 8;
const MOST_DROP_DB = 18;
const DROP_FRAMES = 8;
/** Share of a new level in the background, a frame. */
const FOLLOW = 0.03;
/** Share of a new frame in the level that is judged: voice lasts, clicks do not. */
const SMOOTH = 0.4;
/** No voice is as even as this for so long: dB and frames. */
const EVEN_DB = 2;
const EVEN_FRAMES = 40;

/** Voice in the foreground is no softer than this under the loudest, dB. */
const STRONG_DB = 12;
/** And this much of the way from the background to the loudest: over babble its peaks are no softer than that. */
const STRONG_SHARE = 0.6;
/** On a line this much under the voice, or one that sways no more than this, the soft end of a word is heard: until it is softer
 * than the voice by so many dB or no louder than the line, at most so many frames. */
const QUIET_LINE_DB = 26;
const STEADY_SWAY_DB = 1.8;
const LAST_WORD_DB = 26;
const LAST_WORD_RISE_DB = 3;
const LAST_WORD_FRAMES = 10;
export class VoiceActivity {
  /** Level of the background, dBov. */
  background = QUIET_DB;
  /** The newest frame is voice. */
  active = false;
  #smooth = QUIET_DB;
  #sway = 1;
  #frames = 0;
  #low = 0;
  #lost = 0;
  #peak = QUIET_DB;
  /** Frames that may still be the soft end of a word. */
  #last = 0;
  /** Softest and loudest of the beginning, smoothed. */
  #least = Infinity;
  #most = QUIET_DB;
  /** Since voice began: mean and spread of the level, over about EVEN_FRAMES. */
  #even = 0;
  #mean = 0;
  #spread = 0;

  /** Level of the loudest voice so far, dBov, sinking slowly. */
  get loudest(): number {
    return this.#peak;
  }

  /** The newest frame is as loud as voice in the foreground is, not as what goes on behind it. */
  get strong(): boolean {
    const least = this.background + STRONG_SHARE * (this.#peak - this.background);
    return this.active && this.#smooth > Math.max(this.#peak - STRONG_DB, least);
  }

  /** On a quiet or steady line: the newest frame is voice, or the soft end of a word. Undefined on any other: that cannot be told. */
  get lasting(): boolean | undefined {
    const clear = this.background < this.#peak - QUIET_LINE_DB || this.#sway < STEADY_SWAY_DB;
    return clear ? this.#last > 0 : undefined;
  }

  /** Takes the level of one frame, dBov. A lost frame (digital silence) says nothing. */
  push(level: number, empty = false): boolean {
    this.#lost = empty ? this.#lost + 1 : 0;
    if (this.#lost > 0 && this.#isNoBackground) {
      this.active &&= this.#lost <= MOST_LOST;
      if (!this.active) this.#last = 0;
      this.#fallSilent();
      return this.active;
    }
    this.#frames++;
    this.#smooth = this.#frames === 1 ? level : this.#smooth + SMOOTH * (level - this.#smooth);
    if (this.#frames <= LEARNED || this.#inDoubt) {
      this.#begin(level);
      return this.active;
    }
    this.#drop(level);
    const was = this.active;
    this.active = this.#smooth > this.#threshold() - (was ? 1.5 : 0);
    const soft = Math.max(this.background + LAST_WORD_RISE_DB, this.#peak - LAST_WORD_DB);
    this.#last = this.active ? LAST_WORD_FRAMES : level > soft ? Math.max(0, this.#last - 1) : 0;
    if (!this.active && this.#low === 0) this.#learn();
    else if (this.active) this.#watch(level, was);
    return this.active;
  }

  /** A line that begins with lost packets is not a silent line; one that says nothing for longer is. */
  get #isNoBackground(): boolean {
    return this.#frames >= LEARNED || this.#lost <= MOST_LOST;
  }

  get #inDoubt(): boolean {
    return this.#frames <= DOUBTED && this.background > LOUD_DB && !this.active;
  }

  #begin(level: number): void {
    this.background += (level - this.background) / this.#frames;
    this.#least = Math.min(this.#least, this.#smooth);
    this.#most = Math.max(this.#most, this.#smooth);
    if (this.#frames < LEARNED || this.background <= LOUD_DB || this.#most - this.#least < VOICE_SWAYS_DB) return;
    this.background = Math.min(this.#least, USUAL_DB);
    this.active = true;
    this.#watch(level, false);
  }

  #threshold(): number {
    const rise = Math.min(MOST_RISE_DB, Math.max(LEAST_RISE_DB, RISE_SWAYS * this.#sway));
    return Math.max(FAINTEST_DB, this.background + rise, this.#peak - UNDER_PEAK_DB);
  }

  #learn(): void {
    const off = this.#smooth - this.background;
    this.background += FOLLOW * off;
    this.#sway += FOLLOW * (Math.abs(off) * 1.25 - this.#sway);
  }

  /** A noise that began and goes on becomes background. */
  #watch(level: number, was: boolean): void {
    this.#peak = Math.max(this.#peak - 0.01, this.#smooth);
    if (!was) {
      this.#even = 0;
      this.#mean = level;
      this.#spread = 3 * EVEN_DB;
    }
    const off = level - this.#mean;
    this.#mean += off / 20;
    this.#spread += (Math.abs(off) - this.#spread) / 20;
    this.#even = this.#spread < EVEN_DB ? this.#even + 1 : 0;
    if (this.#even < EVEN_FRAMES) return;
    this.background = this.#mean;
    this.#sway = this.#spread;
    this.#peak = this.#mean;
  }

  /** A line that began with a loud tone, and says nothing at all between its bursts, has no background as loud as that. */
  #fallSilent(): void {
    if (this.#lost < MOST_LOST + DROP_FRAMES || this.background <= LOUD_DB) return;
    this.background = USUAL_DB;
    this.#sway = 1;
    this.#low = 0;
  }

  #drop(level: number): void {
    this.#low = level < this.background - Math.min(MOST_DROP_DB, DROP_DB + 2 * this.#sway) ? this.#low + 1 : 0;
    if (this.#low < DROP_FRAMES) return;
    this.background = level;
    this.#sway = 1;
    this.#low = 0;
  }
}
