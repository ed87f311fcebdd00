/** A coarse timer wheel: thousands of transactions linger for 32 s each, so their timers share one Clock timer a tick.
 * A timer fires at the first tick at or after its time, never before it. */
import type { Clock, Timer } from '../../base/index.ts';

/** Who is told. One object serves all its timers, so that arming one makes no closure. */
export interface WheelUser {
  onTimer(name: string): void;
}

type Bucket = { clock: Timer; first: WheelTimer | undefined };

/** A running timer; a link of its bucket's list. Cancelling twice, or after it fired, does nothing. */
export class WheelTimer implements Timer {
  readonly user: WheelUser;
  readonly name: string;
  readonly #wheel: TimerWheel;
  tick: number;
  next: WheelTimer | undefined = undefined;
  previous: WheelTimer | undefined = undefined;

  constructor(wheel: TimerWheel, tick: number, user: WheelUser, name: string) {
    this.#wheel = wheel;
    this.tick = tick;
    this.user = user;
    this.name = name;
  }

  cancel(): void {
    if (this.tick >= 0) this.#wheel.remove(this);
  }
}

export class TimerWheel {
  readonly #clock: Clock;
  readonly #resolution: number;
  readonly #fault: (fault: unknown) => void;
  readonly #buckets = new Map<number, Bucket>();
  #firing: Bucket | undefined = undefined;
  #closed = false;

  /** `fault` hears of a user that throws; the other timers of the tick fire all the same. */
  constructor(clock: Clock, resolution: number, fault: (fault: unknown) => void) {
    this.#fault = fault;
    this.#clock = clock;
    this.#resolution = Math.max(1, resolution);
  }

  after(ms: number, user: WheelUser, name: string): WheelTimer {
    return this.at(this.tickAfter(ms), user, name);
  }

  /** The first tick at or after this time. */
  tickAfter(ms: number): number {
    return Math.ceil((this.#clock.monotonic() + ms) / this.#resolution);
  }

  at(tick: number, user: WheelUser, name: string): WheelTimer {
    const timer = new WheelTimer(this, tick, user, name);
    if (this.#closed) {
      timer.tick = -1;
      return timer;
    }
    const bucket = this.#buckets.get(tick) ?? this.#open(tick);
    timer.next = bucket.first;
    if (bucket.first !== undefined) bucket.first.previous = timer;
    bucket.first = timer;
    return timer;
  }

  /** Takes a timer out of its bucket; an empty bucket gives its clock timer back. */
  remove(timer: WheelTimer): void {
    const { tick, next, previous } = timer;
    timer.tick = -1;
    timer.next = undefined;
    timer.previous = undefined;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) {
      previous.next = next;
      return;
    }
    const bucket = this.#firing?.first === timer ? this.#firing : this.#buckets.get(tick);
    if (bucket === undefined || bucket.first !== timer) return;
    bucket.first = next;
    if (next === undefined && bucket !== this.#firing) {
      bucket.clock.cancel();
      this.#buckets.delete(tick);
    }
  }

  /** How many timers run. For tests and dumps: it counts. */
  count(): number {
    let total = 0;
    for (const bucket of this.#buckets.values())
      for (let timer = bucket.first; timer !== undefined; timer = timer.next) total += 1;
    return total;
  }

  /** Stops everything; nothing fires afterwards. */
  close(): void {
    this.#closed = true;
    for (const bucket of this.#buckets.values()) {
      bucket.clock.cancel();
      for (let timer = bucket.first; timer !== undefined; timer = timer.next) timer.tick = -1;
    }
    this.#buckets.clear();
    if (this.#firing !== undefined) this.#firing.first = undefined;
  }

  #open(tick: number): Bucket {
    const wait = tick * this.#resolution - this.#clock.monotonic();
    const bucket: Bucket = {
      clock: this.#clock.after(wait, 'sip timer wheel', () => this.#fire(tick)),
      first: undefined,
    };
    this.#buckets.set(tick, bucket);
    return bucket;
  }

  #fire(tick: number): void {
    const bucket = this.#buckets.get(tick);
    if (bucket === undefined) return;
    this.#buckets.delete(tick);
    this.#firing = bucket;
    while (bucket.first !== undefined) {
      const timer: WheelTimer = bucket.first;
      this.remove(timer);
      try {
        timer.user.onTimer(timer.name);
      } catch (fault) {
        this.#fault(fault);
      }
    }
    this.#firing = undefined;
  }
}
