/** What every detector wants to know of a frame, measured once. */
import { Peaks } from './peaks.ts';
import { BIN_HZ, Spectrum } from './spectrum.ts';

/** Digital silence for no longer than this is lost packets, frames. */
export const MOST_LOST = 5;
/** Spectra that are kept. A line is this many bins wide on either side. */
const PAST = 12;
const LINE_BINS = 2;
const FAINTEST_LINE = 1e-9;

/** Quieter than any line's noise: digital silence and lost frames count as this, dBov. */
export const QUIET_DB = -75;

export class Sound {
  /** Frames taken so far; the newest is number `frames - 1`. */
  frames = 0;
  /** RMS of the newest frame, dB below full scale (square wave), at least QUIET_DB. */
  level = QUIET_DB;
  /** Digital silence: no line, a lost packet or a muted far end. */
  empty = true;
  /** The newest spectrum reaches into a lost packet. */
  torn = true;
  /** Frames of digital silence in a row. */
  lost = 0;
  readonly peaks = new Peaks();
  readonly #spectrum = new Spectrum();
  readonly #totals = new Float64Array(PAST);
  readonly #past = Array.from({ length: PAST }, () => new Float32Array(this.#spectrum.power.length));

  /** 20 ms of 8 kHz sound, 160 samples. */
  push(frame: Int16Array): void {
    let sum = 0;
    for (let i = 0; i < frame.length; i++) sum += frame[i]! * frame[i]!;
    const power = sum / frame.length / 0x40000000;
    this.torn = this.empty;
    this.empty = power < 1e-8;
    this.torn ||= this.empty;
    this.lost = this.empty ? this.lost + 1 : 0;
    this.level = this.empty ? QUIET_DB : Math.max(QUIET_DB, 10 * Math.log10(power));
    this.#spectrum.push(frame);
    this.peaks.measure(this.#spectrum.power);
    this.#past[this.frames % PAST]!.set(this.#spectrum.power);
    this.#totals[this.frames % PAST] = this.peaks.total;
    this.frames++;
  }

  /** Level about one frequency `back` frames ago (0: the newest, at most 11), dB. Only differences of it mean anything. */
  lineLevel(hz: number, back: number): number {
    return 10 * Math.log10(FAINTEST_LINE + this.#line(hz, back));
  }

  /** Power of all that is not about this frequency, nor about the other (0: there is none), `back` frames ago. */
  rest(hz: number, other: number, back: number): number {
    const whole = this.#totals[(this.frames - 1 - back + PAST) % PAST]!;
    const lines = this.#line(hz, back) + (other > 0 ? this.#line(other, back) : 0);
    return Math.max(FAINTEST_LINE, whole - lines);
  }

  #line(hz: number, back: number): number {
    const power = this.#past[(this.frames - 1 - back + PAST) % PAST]!;
    const centre = Math.round(hz / BIN_HZ);
    let sum = 0;
    for (let k = Math.max(2, centre - LINE_BINS); k <= centre + LINE_BINS && k < power.length; k++) sum += power[k]!;
    return sum;
  }
}
