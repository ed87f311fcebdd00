/** When each target is rung. simring: all at once. hunt: one after the other. stagger: each some seconds after the one
 * before, earlier when nobody rings any more. A target's own `delay` counts in every strategy. */
import type { Clock, Timer } from '../../../base/index.ts';
import type { DialVerb } from '../../schema/schema.ts';

/** Seconds between targets of a stagger that gives no delays. */
const staggerSeconds = 5;
/** No hunted target rings shorter than this because others wait. */
const shortestHunt = 5;

/** How long target `at` may ring, in seconds; undefined: as long as the dial. A hunt without timeouts shares the dial's. */
export function ringSeconds(dial: DialVerb, at: number): number | undefined {
  const own = dial.target[at]?.timeout;
  if (own !== undefined || dial.strategy !== 'hunt' || dial.target.length === 1) return own;
  return Math.max(shortestHunt, dial.timeout / dial.target.length);
}

export class Schedule {
  readonly #clock: Clock;
  readonly #dial: DialVerb;
  readonly #label: string;
  readonly #launch: (at: number) => void;
  #timers: Map<number, Timer> | undefined;
  #next = 0;

  constructor(options: { clock: Clock; dial: DialVerb; label: string; launch: (at: number) => void }) {
    this.#clock = options.clock;
    this.#dial = options.dial;
    this.#label = options.label;
    this.#launch = options.launch;
  }

  /** Targets that have not been rung yet. */
  get waiting(): number {
    return this.#dial.target.length - this.#next + this.#delayed;
  }

  start(): void {
    if (this.#dial.strategy === 'hunt') return this.#advance();
    const all = this.#dial.target.length;
    for (let at = 0; at < all; at++) {
      const usual = this.#dial.strategy === 'stagger' ? at * staggerSeconds : 0;
      this.#after(at, this.#dial.target[at]?.delay ?? usual);
    }
    this.#next = all;
  }

  /** Nobody rings: the hunt goes on, a stagger does not wait for its next moment. */
  idle(): void {
    if (this.#dial.strategy === 'hunt') {
      if (this.#delayed === 0) this.#advance();
      return;
    }
    const [earliest] = [...(this.#timers?.keys() ?? [])].sort((a, b) => a - b);
    if (earliest === undefined) return;
    this.#timers?.get(earliest)?.cancel();
    this.#timers?.delete(earliest);
    this.#launch(earliest);
  }

  close(): void {
    for (const timer of this.#timers?.values() ?? []) timer.cancel();
    this.#timers = undefined;
    this.#next = this.#dial.target.length;
  }

  get #delayed(): number {
    return this.#timers?.size ?? 0;
  }

  #advance(): void {
    if (this.#next >= this.#dial.target.length) return;
    const at = this.#next++;
    this.#after(at, this.#dial.target[at]?.delay ?? 0);
  }

  #after(at: number, seconds: number): void {
    if (seconds <= 0) return this.#launch(at);
    this.#timers ??= new Map();
    const timer = this.#clock.after(seconds * 1000, `${this.#label} target ${at} delay`, () => {
      this.#timers?.delete(at);
      this.#launch(at);
    });
    this.#timers.set(at, timer);
  }
}
