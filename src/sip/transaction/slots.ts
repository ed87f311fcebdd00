/** The two timers a transaction can have at a time: one that repeats (A, E, G, 100) and one that ends something. Only the one
 * that is due first is on the wheel, where each costs an entry among strangers' entries: most are stopped before any is due. */
import type { TimerName } from './timers.ts';
import type { TimerWheel, WheelTimer, WheelUser } from './wheel.ts';

const repeating: ReadonlySet<string> = new Set<TimerName>(['A', 'E', 'G', '100']);

export class TimerSlots {
  #armed: WheelTimer | undefined = undefined;
  #limit: TimerName | undefined = undefined;
  #limitTick = 0;

  start(wheel: TimerWheel, user: WheelUser, timer: TimerName, ms: number): void {
    const tick = wheel.tickAfter(ms);
    const armed = this.#armed;
    if (!repeating.has(timer)) {
      this.#limit = timer;
      this.#limitTick = tick;
      // The other one is due first: `fired` will see to this one.
      if (armed !== undefined && repeating.has(armed.name) && armed.tick >= 0 && armed.tick < tick) return;
    } else if (this.#limit !== undefined && this.#limitTick <= tick) return this.fired(wheel, user);
    armed?.cancel();
    this.#armed = wheel.at(tick, user, timer);
  }

  /** One of them was due, and has been handled: the limit's turn, unless the other repeats before it. */
  fired(wheel: TimerWheel, user: WheelUser): void {
    if (this.#limit === undefined || (this.#armed !== undefined && this.#armed.tick >= 0)) return;
    if (this.#armed?.name === this.#limit) return;
    this.#armed = wheel.at(this.#limitTick, user, this.#limit);
  }

  stop(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#limit = undefined;
  }
}
