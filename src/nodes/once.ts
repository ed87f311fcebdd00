/** Each signed request is good for once: its nonce is remembered for as long as its signature would count. */
import type { Clock } from '../base/index.ts';

/** Only those who have the secret can fill it. */
const most = 200_000;

export class Once {
  readonly #clock: Clock;
  readonly #keepMs: number;
  /** Nonce → until when, monotonic ms; in the order they came. */
  readonly #seen = new Map<string, number>();

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** False when it was used before, or when no more can be remembered. */
  use(nonce: string): boolean {
    const now = this.#clock.monotonic();
    for (const [old, until] of this.#seen) {
      if (until > now) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(nonce) || this.#seen.size >= most) return false;
    this.#seen.set(nonce, now + this.#keepMs);
    return true;
  }
}
