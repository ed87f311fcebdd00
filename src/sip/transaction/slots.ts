/** The two timers a transaction can have at a time: one that repeats (A, E, G, 100) and one that ends something. */
import type { TimerName } from './timers.ts';
import type { TimerWheel, WheelTimer, WheelUser } from './wheel.ts';

const repeating: ReadonlySet<string> = new Set<TimerName>(['A', 'E', 'G', '100']);

export class TimerSlots {
  #repeat: WheelTimer | undefined = undefined;
  #limit: WheelTimer | undefined = undefined;

  start(wheel: TimerWheel, user: WheelUser, timer: TimerName, ms: number): void {
    const armed = wheel.after(ms, user, timer);
    if (repeating.has(timer)) {
      this.#repeat?.cancel();
      this.#repeat = armed;
    } else {
      this.#limit?.cancel();
      this.#limit = armed;
    }
  }

  stop(timer: TimerName): void {
    if (this.#repeat?.name === timer) {
      this.#repeat.cancel();
      this.#repeat = undefined;
    } else if (this.#limit?.name === timer) {
      this.#limit.cancel();
      this.#limit = undefined;
    }
  }

  stopAll(): void {
    this.#repeat?.cancel();
    this.#limit?.cancel();
  }
}
