/** A clock for what may only go on while it is certain that it still should: what fires in doubt waits until that is known.
 * After a process was stopped for a while all its timers are due at once, but its work may be another's by then. */
import type { Clock, Timer } from './clock.ts';

export interface Certainty {
  readonly sure: boolean;
  whenSure(): Promise<void>;
}

export class HeldClock implements Clock {
  readonly #clock: Clock;
  readonly #certainty: Certainty;

  constructor(clock: Clock, certainty: Certainty) {
    this.#clock = clock;
    this.#certainty = certainty;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, label: string, fire: () => void): Timer {
    return this.#held((run) => this.#clock.after(ms, label, run), fire);
  }

  every(ms: number, label: string, fire: () => void): Timer {
    return this.#held((run) => this.#clock.every(ms, label, run), fire);
  }

  pending(): string[] {
    return this.#clock.pending();
  }

  #held(start: (run: () => void) => Timer, fire: () => void): Timer {
    let state: 'running' | 'cancelled' = 'running';
    const timer = start(() => {
      if (this.#certainty.sure) return fire();
      void this.#certainty.whenSure().then(() => {
        if (state === 'running') fire();
      });
    });
    return {
      cancel: () => {
        state = 'cancelled';
        timer.cancel();
      },
    };
  }
}
