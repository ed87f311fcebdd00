/** Who was refused for want of room, for a while: an INVITE sent again before its 503 arrived must not be let in, its caller
 * would be gone. Two generations of bounded size; a flood pushes the oldest out. */
import type { Clock } from '../../base/index.ts';

/** What is sent again comes within this (half of timer B, RFC 3261 §17.1.1.2), ms. */
const GENERATION_MS = 16_000;
const MOST = 20_000;

export class TurnedAway {
  readonly #clock: Clock;
  #now = new Set<string>();
  #before = new Set<string>();
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  add(key: string): void {
    const at = this.#clock.monotonic();
    if (this.#now.size >= MOST || at - this.#since >= GENERATION_MS) {
      this.#before = this.#now;
      this.#now = new Set();
      this.#since = at;
    }
    this.#now.add(key);
  }

  /** Nobody was: then no key need be made. */
  get empty(): boolean {
    return this.#now.size === 0 && this.#before.size === 0;
  }

  has(key: string): boolean {
    return this.#now.has(key) || this.#before.has(key);
  }
}
