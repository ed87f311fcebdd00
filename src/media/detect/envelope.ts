/** How loud the far end was, step by step, for a picture of what a verdict was made of. Bounded: after half a minute it keeps
 * nothing more. */
import type { Envelope } from '../../ports/index.ts';

const FRAME_MS = 20;
const FRAMES_A_STEP = 2;
const STEP_MS = FRAME_MS * FRAMES_A_STEP;
const MOST_STEPS = 750;
const QUIETEST = 75;

export class EnvelopeKeeper {
  readonly #levels = new Uint8Array(MOST_STEPS);
  #frames = 0;
  #steps = 0;
  #taken = 0;
  #loudest = -QUIETEST;

  /** Takes the level of one frame, dB below full scale (negative). */
  push(level: number): void {
    if (this.#steps === MOST_STEPS) return;
    this.#loudest = this.#frames % FRAMES_A_STEP === 0 ? level : Math.max(this.#loudest, level);
    if (++this.#frames % FRAMES_A_STEP !== 0) return;
    this.#levels[this.#steps++] = Math.min(QUIETEST, Math.max(0, Math.round(-this.#loudest)));
  }

  /** What came since it was taken last; undefined for nothing. */
  take(): Envelope | undefined {
    const from = this.#taken;
    if (from === this.#steps) return undefined;
    this.#taken = this.#steps;
    const levels = Buffer.from(this.#levels.subarray(from, this.#steps)).toString('base64');
    return { fromMs: from * STEP_MS, stepMs: STEP_MS, levels };
  }
}
