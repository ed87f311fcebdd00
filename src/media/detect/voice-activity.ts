/** Tells voice from background by level alone: the background is followed while nobody speaks, and voice is what stands out
 * from it by more than it sways. */
import { MOST_LOST, QUIET_DB } from './sound.ts';

/** Frames at the beginning that are taken for background. */
const LEARNED = 5;
/** How far voice stands out: at least, and in standard deviations of the background; never more than the last. */
const LEAST_RISE_DB = 5;
const RISE_SWAYS = 2.4;
const MOST_RISE_DB = 9;
/** Softer than this is no voice on any line, dBov. */
const FAINTEST_DB = -64;
/** Softer than the loudest voice so far by more than this is its echo or its breath, dB. */
const UNDER_PEAK_DB = 15;
/** A background that falls by this much, for longer than packets are lost in a row, was voice itself. */
const DROP_DB = 8;
const DROP_FRAMES = 8;
/** Share of a new level in the background, a frame. */
const FOLLOW = 0.04;
/** Share of a new frame in the level that is judged: voice lasts, clicks do not. */
const SMOOTH = 0.4;
/** No voice is as even as this for so long: dB and frames. */
const EVEN_DB = 2;
const EVEN_FRAMES = 40;

/** Voice in the foreground is no softer than this under the loudest, dB. */
const STRONG_DB = 12;
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
    return this.active && this.#smooth > this.#peak - STRONG_DB;
  }

  /** Takes the level of one frame, dBov. A lost frame (digital silence) says nothing. */
  push(level: number, empty = false): boolean {
    this.#lost = empty ? this.#lost + 1 : 0;
    if (this.#lost > 0 && this.#isNoBackground) return (this.active &&= this.#lost <= MOST_LOST);
    this.#frames++;
    this.#smooth = this.#frames === 1 ? level : this.#smooth + SMOOTH * (level - this.#smooth);
    if (this.#frames <= LEARNED) {
      this.background += (level - this.background) / this.#frames;
      return (this.active = false);
    }
    this.#drop(level);
    const was = this.active;
    this.active = this.#smooth > this.#threshold() - (was ? 1.5 : 0);
    if (!this.active) this.#learn();
    else this.#watch(level, was);
    return this.active;
  }

  /** A line that begins with lost packets is not a silent line; one that says nothing for longer is. */
  get #isNoBackground(): boolean {
    return this.#frames >= LEARNED || this.#lost <= MOST_LOST;
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

  #drop(level: number): void {
    this.#low = level < this.background - DROP_DB - 2 * this.#sway ? this.#low + 1 : 0;
    if (this.#low < DROP_FRAMES) return;
    this.background = level;
    this.#sway = 1;
    this.#low = 0;
  }
}
