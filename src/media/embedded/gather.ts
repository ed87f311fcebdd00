/** Packets that come one by one are waited for one by one; where many come, waiting a moment for company makes waking up,
 * which costs as much as several packets, rare. */

/** So long at most, in ms: half of it is added on average. */
export const GATHER_MS = 0.6;
/** Packets a millisecond from which on it pays: forty calls. With twenty, one and a half came together, and a relay in C was
 * dearer with the wait than without: a far end on this machine had to be woken for each. */
const DENSE = 4;
/** How often this is judged; phones send every 20 ms. */
const WINDOW_MS = 20;

export class Gather {
  #count = 0;
  #since: number;
  #ms = 0;

  constructor(now: number) {
    this.#since = now;
  }

  /** How long to wait for company, in ms; 0: handle what comes at once. */
  get ms(): number {
    return this.#ms;
  }

  /** So many packets came together. */
  came(packets: number, now: number): void {
    this.#count += packets;
    const passed = now - this.#since;
    if (passed < WINDOW_MS) return;
    this.#ms = this.#count >= DENSE * passed ? GATHER_MS : 0;
    this.#count = 0;
    this.#since = now;
  }
}
