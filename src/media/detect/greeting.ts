/** What was said so far: when voice began and stopped, how much of it there was. Times in frames of 20 ms. */
export class Greeting {
  /** First and last frame of voice; -1 before there is any. */
  start = -1;
  end = -1;
  /** Frames of voice. */
  voiced = 0;
  /** Pauses of 200 ms and more. */
  pauses = 0;
  /** End of the first utterance, when a long pause followed it; and start of what came then. */
  firstEnd = -1;
  secondStart = -1;
  readonly #asking: number;
  readonly #least: number;
  #burst = 0;
  #burstStart = 0;
  #quiet = 0;

  /** `asking`: frames of pause that part two utterances. `least`: frames that are more than a click. */
  constructor(asking: number, least: number) {
    this.#asking = asking;
    this.#least = least;
  }

  get spoken(): boolean {
    return this.start >= 0;
  }

  /** From the first to the last voice, frames. */
  get length(): number {
    return this.start < 0 ? 0 : this.end - this.start + 1;
  }

  /** Takes whether frame `n` was voice. */
  push(n: number, voice: boolean): void {
    if (!voice) {
      if (++this.#quiet > 3) this.#burst = 0;
      return;
    }
    this.#quiet = 0;
    if (this.#burst++ === 0) this.#burstStart = n;
    if (this.#burst < this.#least) return;
    if (this.#burst === this.#least) this.#begins();
    else this.voiced++;
    this.end = n;
  }

  #begins(): void {
    this.voiced += this.#burst;
    if (this.start < 0) {
      this.start = this.#burstStart;
      return;
    }
    const pause = this.#burstStart - this.end;
    if (pause >= 10) this.pauses++;
    if (pause < this.#asking || this.firstEnd >= 0) return;
    this.firstEnd = this.end;
    this.secondStart = this.#burstStart;
  }
}
