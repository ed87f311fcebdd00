/** Who speaks when: loud against what the line sounds like without a voice. The background is the quietest half second of
 * the last four, so a steady noise is no voice however loud, and a pause between words is enough to learn it. */

/** 20 ms at 16 kHz. */
export const FRAME = 320;
const FRAMES_A_BIN = 25;
const BINS = 8;
/** A voice is so much above the background, dB, and at least so loud, dB below full scale. */
const USUALLY_ABOVE = 8;
const LEAST = -52;
/** Of the last five frames: three make a beginning, so that a click is none. */
const WINDOW = 5;
const ENOUGH = 3;

export class VoiceActivity {
  readonly #bins: number[] = [-55];
  readonly #recent: boolean[] = [];
  #frames = 0;
  #quiet = 0;
  readonly #above: number;

  /** `above`: dB by which a voice stands out from the background. */
  constructor(above = USUALLY_ABOVE) {
    this.#above = above;
  }

  /** Frames since the last one with a voice in it. */
  get quietFrames(): number {
    return this.#quiet;
  }

  /** Takes one frame; true while there is a voice. */
  frame(samples: Int16Array): boolean {
    const level = levelOf(samples);
    this.#learn(level);
    this.#recent.push(level > Math.max(LEAST, Math.min(...this.#bins) + this.#above));
    if (this.#recent.length > WINDOW) this.#recent.shift();
    const voiced = this.#recent.filter(Boolean).length >= ENOUGH;
    this.#quiet = voiced ? 0 : this.#quiet + 1;
    return voiced;
  }

  #learn(level: number): void {
    // Digital silence says nothing about the room.
    const floor = Math.max(level, -70);
    if (this.#frames++ % FRAMES_A_BIN === 0) this.#bins.push(floor);
    else this.#bins[this.#bins.length - 1] = Math.min(this.#bins.at(-1)!, floor);
    if (this.#bins.length > BINS) this.#bins.shift();
  }
}

/** dB below full scale. */
export function levelOf(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return 10 * Math.log10(sum / samples.length / 32768 ** 2 + 1e-12);
}
