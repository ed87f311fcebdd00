/** How long a test looks for what nothing announces. */
import { after } from '../../src/testing/index.ts';

/** Of a process that a busy machine has left waiting, time says nothing: it has looked so often at least. */
const least = 50;

export class Looks {
  readonly #end: number;
  readonly #every: number;
  #looks = 0;

  constructor(within: number, every: number) {
    this.#end = performance.now() + within;
    this.#every = every;
  }

  /** After a look that was in vain: waits for the next one; false when there have been enough. */
  async again(): Promise<boolean> {
    if (++this.#looks >= least && performance.now() > this.#end) return false;
    await after(this.#every);
    return true;
  }
}
