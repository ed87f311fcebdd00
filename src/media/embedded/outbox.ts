import type { Clock, Timer } from '../../base/index.ts';

/** Gathers what goes to another thread and sends it as one message: waking a thread costs more than many commands. */
export class Outbox<T> {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #send: (items: T[]) => void;
  #items: T[] = [];
  #timer: Timer | undefined;
  #due = Infinity;
  #last = -Infinity;

  /** `spacingMs`: how far apart messages are kept, when nobody is in a hurry. */
  constructor(clock: Clock, spacingMs: number, send: (items: T[]) => void) {
    this.#clock = clock;
    this.#spacingMs = spacingMs;
    this.#send = send;
  }

  /** Sends it within `ms`, or when the spacing allows; together with what else there is by then. */
  add(item: T, ms: number): void {
    this.#items.push(item);
    const now = this.#clock.monotonic();
    this.#arm(now, Math.max(now + ms, this.#last + this.#spacingMs));
  }

  /** Sends it at the end of this tick. */
  hurry(item: T): void {
    this.#items.push(item);
    const now = this.#clock.monotonic();
    this.#arm(now, now);
  }

  /** Sends it along with whatever comes next; on its own it is nothing worth a message. */
  hold(item: T): void {
    this.#items.push(item);
  }

  flush(): void {
    this.#rest();
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#last = this.#clock.monotonic();
    this.#send(items);
  }

  close(): void {
    this.#rest();
    this.#items = [];
  }

  #arm(now: number, due: number): void {
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = this.#clock.after(due - now, 'media outbox', () => this.flush());
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = Infinity;
  }
}
