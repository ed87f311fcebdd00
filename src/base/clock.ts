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

/** A running timer, in a ring with the others: a Set of few that come and go is made anew every few of them. */
class Entry implements Timer {
  readonly label: string;
  next: Entry = this;
  #previous: Entry = this;
  #handle: NodeJS.Timeout | undefined;

  constructor(label: string) {
    this.label = label;
  }

  /** In the ring after `before`. */
  arm(handle: NodeJS.Timeout, before: Entry): this {
    this.#handle = handle;
    this.next = before.next;
    this.#previous = before;
    before.next.#previous = this;
    before.next = this;
    return this;
  }

  cancel(): void {
    if (this.#handle === undefined) return;
    clearTimeout(this.#handle);
    this.#handle = undefined;
    this.#previous.next = this.next;
    this.next.#previous = this.#previous;
    // Whoever keeps a timer that is over must not keep those that came after it.
    this.next = this;
    this.#previous = this;
  }
}

/** Real time, on Node's timer wheel (one list a duration, so SIP's few fixed durations stay cheap). */
export class SystemClock implements Clock {
  /** Where the ring begins and ends. */
  readonly #live = new Entry('');

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, label: string, fire: () => void): Timer {
    const entry = new Entry(label);
    const due = (): void => {
      entry.cancel();
      fire();
    };
    return entry.arm(setTimeout(due, ms), this.#live);
  }

  every(ms: number, label: string, fire: () => void): Timer {
    return new Entry(label).arm(setInterval(fire, ms), this.#live);
  }

  pending(): string[] {
    const labels: string[] = [];
    for (let each = this.#live.next; each !== this.#live; each = each.next) labels.push(each.label);
    return labels;
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
