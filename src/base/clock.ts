import { performance } from 'node:perf_hooks';

/** A started timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The one source of time. Every timer has a label, so a leak can say whose it is. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch: for what people and hooks read. */
  now(): number;
  /** Monotonic milliseconds with fraction: for measuring; never steps. */
  monotonic(): number;
  /** Fires once after `ms`. Label: owner and timer, for example `dialog 3f2a session-refresh`. */
  after(ms: number, label: string, fire: () => void): Timer;
  /** Fires again and again, `ms` after each start, until cancelled. */
  every(ms: number, label: string, fire: () => void): Timer;
  /** The labels of the timers that are running now. */
  pending(): string[];
}

class Entry implements Timer {
  readonly label: string;
  readonly #live: Set<Entry>;
  #handle: NodeJS.Timeout | undefined;

  constructor(live: Set<Entry>, label: string) {
    this.#live = live;
    this.label = label;
    live.add(this);
  }

  arm(handle: NodeJS.Timeout): this {
    this.#handle = handle;
    return this;
  }

  cancel(): void {
    if (this.#handle === undefined) return;
    clearTimeout(this.#handle);
    this.#handle = undefined;
    this.#live.delete(this);
  }
}

/** Real time, on Node's timer wheel (one list a duration, so SIP's few fixed durations stay cheap). */
export class SystemClock implements Clock {
  readonly #live = new Set<Entry>();

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, label: string, fire: () => void): Timer {
    const entry = new Entry(this.#live, label);
    return entry.arm(
      setTimeout(() => {
        entry.cancel();
        fire();
      }, ms),
    );
  }

  every(ms: number, label: string, fire: () => void): Timer {
    return new Entry(this.#live, label).arm(setInterval(fire, ms));
  }

  pending(): string[] {
    return Array.from(this.#live, (entry) => entry.label);
  }
}

type FakeTimer = { at: number; period: number; label: string; fire: () => void };

/** Time that moves only when told to: `advance(ms)` fires what is due, in order. */
export class FakeClock implements Clock {
  #now: number;
  #seq = 0;
  readonly #timers = new Map<number, FakeTimer>();

  constructor(start = 1_800_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, label: string, fire: () => void): Timer {
    return this.#add({ at: this.#now + ms, period: 0, label, fire });
  }

  every(ms: number, label: string, fire: () => void): Timer {
    return this.#add({ at: this.#now + ms, period: ms, label, fire });
  }

  pending(): string[] {
    return Array.from(this.#timers.values(), (timer) => timer.label);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (due === undefined) break;
      const [id, timer] = due;
      if (timer.period > 0) timer.at += timer.period;
      else this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.period > 0 ? timer.at - timer.period : timer.at);
      timer.fire();
    }
    this.#now = end;
  }

  #add(timer: FakeTimer): Timer {
    const id = ++this.#seq;
    this.#timers.set(id, timer);
    return { cancel: () => void this.#timers.delete(id) };
  }
}
