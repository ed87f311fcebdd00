/** Is the database there? Told by whoever asked it last; a change is passed on once, and not every flicker. */
import type { Clock } from '../base/index.ts';

/** ms. So soon after one absence another is not told of. */
const toldMs = 60_000;

export class Reach {
  readonly #clock: Clock;
  #hear: (there: boolean, reason: string) => void = () => {};
  /** Why it is away, once that was told. */
  #away: string | undefined;
  #toldAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  on(hear: (there: boolean, reason: string) => void): void {
    this.#hear = hear;
    if (this.#away !== undefined) hear(false, this.#away);
  }

  there(): void {
    if (this.#away === undefined) return;
    this.#away = undefined;
    this.#hear(true, '');
  }

  lost(reason: string): void {
    const now = this.#clock.monotonic();
    if (this.#away !== undefined || now - this.#toldAt < toldMs) return;
    this.#toldAt = now;
    this.#away = reason;
    this.#hear(false, reason);
  }
}
