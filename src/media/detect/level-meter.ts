/** How loud what a far end says is, five times a second. */

/** Frames of 20 ms that one figure is of. */
const FRAMES = 10;
/** Silence, dBFS; lower is not told. */
export const FLOOR_DB = -90;
const FULL_SCALE = 32_768;

export class LevelMeter {
  readonly #tell: (db: number) => void;
  #sum = 0;
  #samples = 0;
  #frames = 0;

  constructor(tell: (db: number) => void) {
    this.#tell = tell;
  }

  hear(frame: Int16Array): void {
    let sum = 0;
    for (let i = 0; i < frame.length; i++) sum += frame[i]! * frame[i]!;
    this.#sum += sum;
    this.#samples += frame.length;
    if (++this.#frames < FRAMES) return;
    const rms = Math.sqrt(this.#sum / Math.max(1, this.#samples)) / FULL_SCALE;
    this.#sum = 0;
    this.#samples = 0;
    this.#frames = 0;
    this.#tell(rms === 0 ? FLOOR_DB : Math.max(FLOOR_DB, Math.round(200 * Math.log10(rms)) / 10));
  }
}
