import type { Clock, Timer } from '../../base/index.ts';

/** Gathers what goes to another thread and sends it as one message: a message costs ten times what is in it. */
export class Outbox<T> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #send: (items: T[]) => void;
  #items: T[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number, send: (items: T[]) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#send = send;
  }

  /** Sends with the next batch, this tick or a moment later. */
  add(item: T): void {
    this.#items.push(item);
    this.#timer ??= this.#clock.after(this.#delayMs, 'media outbox', () => this.flush());
  }

  /** Sends along with whatever comes next; on its own it is nothing worth a message. */
  hold(item: T): void {
    this.#items.push(item);
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#send(items);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#items = [];
  }
}
