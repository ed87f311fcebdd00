/** Hears keys pressed as tones: ITU-T Q.23 frequencies within the limits of Q.24.
 *
 *   5 ms block ──► 8 correlations ──► the last four (20 ms): one tone a group, clean, in tune, of like level? ──► hit
 *   four hits of one key in a row ──► down; eight misses ──► up, told
 *
 * A block's correlation keeps its phase, so blocks add up to longer windows, and the phase between windows says how far
 * off the frequency is: a short window alone could not tell 1.5 % (must be taken) from 3.5 % (must not be). */
import { DIGITS, digitFrequencies } from './digits.ts';

const RATE = 8000;
const BLOCK = 40;
/** Blocks in a window. */
const WINDOW = 4;
const TONES = [697, 770, 852, 941, 1209, 1336, 1477, 1633] as const;
const GROUP = 4;
const STEP_MS = (BLOCK * 1000) / RATE;

/** Q.24: 1.5 % is taken, 3.5 % is not. */
const DETUNED = 0.021;
/** High group over low group: Q.24 (AT&T) takes +4 to -8 dB. */
const MOST_TWIST = 10 ** (5.5 / 10);
const LEAST_TWIST = 10 ** (-9.5 / 10);
/** Each tone at least -32 dBm0: Q.24 takes -25 and refuses -55. */
const LEAST_POWER = 32768 ** 2 * 10 ** ((-32 - 3.14) / 10) * 0.5;
/** What of all power the two tones are, at least. Voices have harmonics; keys have none. */
const SHARE = 0.8;
/** The strongest of a group over the others of it. */
const DOMINANCE = 6;
/** A window must not be much louder or softer than the one before: voices swell. */
const SWELL = 2.5;
const DOWN_HITS = 4;
const UP_MISSES = 8;
/** What a key is longer than its hits say: windows that it fills by less than four fifths do not hit. */
const UNHIT_MS = 12;

const cosines = new Float64Array(TONES.length * RATE);
const sines = new Float64Array(TONES.length * RATE);
for (const [t, tone] of TONES.entries()) {
  for (let n = 0; n < RATE; n++) {
    // Whole hertz: after a second the phases are those of the beginning.
    cosines[t * RATE + n] = Math.cos((2 * Math.PI * tone * n) / RATE);
    sines[t * RATE + n] = Math.sin((2 * Math.PI * tone * n) / RATE);
  }
}

/** By low × 4 + high. */
const keys: string[] = [];
for (const digit of DIGITS) {
  const [low, high] = digitFrequencies(digit)!;
  keys[TONES.indexOf(low as 697) * GROUP + TONES.indexOf(high as 1209) - GROUP] = digit;
}

export class KeyHearer {
  readonly #told: (digit: string, durationMs: number) => void;
  /** Ring of blocks: correlation of each tone, and power. */
  readonly #real = new Float64Array(TONES.length * WINDOW);
  readonly #imaginary = new Float64Array(TONES.length * WINDOW);
  readonly #power = new Float64Array(WINDOW);
  /** The window's sums, this and the one before. */
  readonly #sumReal = new Float64Array(TONES.length);
  readonly #sumImaginary = new Float64Array(TONES.length);
  readonly #beforeReal = new Float64Array(TONES.length);
  readonly #beforeImaginary = new Float64Array(TONES.length);
  #block = 0;
  #sample = 0;
  #powerBefore = 0;
  #candidate = -1;
  #hits = 0;
  #down = -1;
  #downHits = 0;
  #misses = 0;

  constructor(told: (digit: string, durationMs: number) => void) {
    this.#told = told;
  }

  /** A key is down, as far as can be heard. */
  get sounding(): boolean {
    return this.#down >= 0 || this.#hits > 1;
  }

  /** Takes 20 ms at 8 kHz. */
  hear(frame: Int16Array): void {
    for (let at = 0; at + BLOCK <= frame.length; at += BLOCK) {
      this.#correlate(frame, at);
      this.#sum();
      this.#step(this.#judge());
    }
  }

  #correlate(frame: Int16Array, at: number): void {
    const slot = this.#block++ % WINDOW;
    let power = 0;
    for (let i = 0; i < BLOCK; i++) power += frame[at + i]! * frame[at + i]!;
    this.#power[slot] = power;
    // Silence has no tones: most of a call is cheap.
    const silent = power < LEAST_POWER * BLOCK * 0.5;
    for (let tone = 0; tone < TONES.length; tone++) {
      const phase = tone * RATE + this.#sample;
      let real = 0;
      let imaginary = 0;
      for (let i = 0; i < BLOCK && !silent; i++) {
        real += frame[at + i]! * cosines[phase + i]!;
        imaginary -= frame[at + i]! * sines[phase + i]!;
      }
      this.#real[tone * WINDOW + slot] = real;
      this.#imaginary[tone * WINDOW + slot] = imaginary;
    }
    this.#sample = (this.#sample + BLOCK) % RATE;
  }

  #sum(): void {
    for (let tone = 0; tone < TONES.length; tone++) {
      this.#beforeReal[tone] = this.#sumReal[tone]!;
      this.#beforeImaginary[tone] = this.#sumImaginary[tone]!;
      let real = 0;
      let imaginary = 0;
      for (let slot = 0; slot < WINDOW; slot++) {
        real += this.#real[tone * WINDOW + slot]!;
        imaginary += this.#imaginary[tone * WINDOW + slot]!;
      }
      this.#sumReal[tone] = real;
      this.#sumImaginary[tone] = imaginary;
    }
  }

  /** The key in the window: low × 4 + high, or -1. */
  #judge(): number {
    let total = 0;
    for (const power of this.#power) total += power;
    total /= WINDOW * BLOCK;
    const before = this.#powerBefore;
    this.#powerBefore = total;
    if (total < LEAST_POWER * 2) return -1;
    if (this.#down < 0 && (total > before * SWELL || before > total * SWELL)) return -1;
    const low = this.#strongest(0);
    const high = this.#strongest(GROUP);
    if (low < 0 || high < 0) return -1;
    const lowPower = this.#tuned(low);
    const highPower = this.#tuned(high);
    if (lowPower < LEAST_POWER || highPower < LEAST_POWER) return -1;
    const twist = highPower / lowPower;
    if (twist > MOST_TWIST || twist < LEAST_TWIST) return -1;
    return lowPower + highPower < SHARE * total ? -1 : low * GROUP + high - GROUP;
  }

  /** The tone of a group that stands out, or -1. */
  #strongest(from: number): number {
    let best = from;
    for (let tone = from + 1; tone < from + GROUP; tone++) if (this.#square(tone) > this.#square(best)) best = tone;
    for (let tone = from; tone < from + GROUP; tone++) {
      if (tone !== best && this.#square(tone) * DOMINANCE > this.#square(best)) return -1;
    }
    return best;
  }

  #square(tone: number): number {
    return this.#sumReal[tone]! ** 2 + this.#sumImaginary[tone]! ** 2;
  }

  /** Mean power of a tone, made good for what the window loses of one that is off by so little as may be; 0 for one that
   * is off by more. */
  #tuned(tone: number): number {
    const real =
      this.#sumReal[tone]! * this.#beforeReal[tone]! + this.#sumImaginary[tone]! * this.#beforeImaginary[tone]!;
    const imaginary =
      this.#sumImaginary[tone]! * this.#beforeReal[tone]! - this.#sumReal[tone]! * this.#beforeImaginary[tone]!;
    const off = (Math.atan2(imaginary, real) * RATE) / (2 * Math.PI * BLOCK);
    if (Math.abs(off) > TONES[tone]! * DETUNED) return 0;
    const size = WINDOW * BLOCK;
    const x = (Math.PI * off * size) / RATE;
    const kept = Math.abs(x) < 0.01 ? 1 : Math.sin(x) / x;
    return (2 * this.#square(tone)) / (size * size) / (kept * kept);
  }

  #step(key: number): void {
    this.#hits = key >= 0 && key === this.#candidate ? this.#hits + 1 : key >= 0 ? 1 : 0;
    this.#candidate = key;
    if (this.#down >= 0) {
      this.#misses = key === this.#down ? 0 : this.#misses + 1;
      if (key === this.#down) this.#downHits++;
      if (this.#misses >= UP_MISSES || (key !== this.#down && this.#hits >= DOWN_HITS)) this.#up();
    }
    if (this.#down >= 0 || this.#hits < DOWN_HITS) return;
    this.#down = key;
    this.#downHits = this.#hits;
    this.#misses = 0;
  }

  #up(): void {
    this.#told(keys[this.#down]!, this.#downHits * STEP_MS + UNHIT_MS);
    this.#down = -1;
  }
}
