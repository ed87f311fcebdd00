/** What every detector wants to know of a frame, measured once. */
import { Peaks } from './peaks.ts';
import { Spectrum } from './spectrum.ts';

/** Quieter than any line's noise: digital silence and lost frames count as this, dBov. */
export const QUIET_DB = -65;

export class Sound {
  /** Frames taken so far; the newest is number `frames - 1`. */
  frames = 0;
  /** RMS of the newest frame, dB below full scale (square wave), at least QUIET_DB. */
  level = QUIET_DB;
  /** Digital silence: no line, a lost packet or a muted far end. */
  empty = true;
  readonly peaks = new Peaks();
  readonly #spectrum = new Spectrum();

  /** 20 ms of 8 kHz sound, 160 samples. */
  push(frame: Int16Array): void {
    let sum = 0;
    for (let i = 0; i < frame.length; i++) sum += frame[i]! * frame[i]!;
    const power = sum / frame.length / 0x40000000;
    this.empty = power < 1e-8;
    this.level = this.empty ? QUIET_DB : Math.max(QUIET_DB, 10 * Math.log10(power));
    this.#spectrum.push(frame);
    this.peaks.measure(this.#spectrum.power);
    this.frames++;
  }
}
