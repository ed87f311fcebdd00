/** A coarse timer wheel: thousands of transactions linger for 32 s each, so their timers share one Clock timer a tick.
 * A timer fires at the first tick at or after its time, never before it. */
import type { Clock, Timer } from '../../base/index.ts';

/** Who is told. One object serves all its timers, so that arming one makes no closure. */
export interface WheelUser {
  onTimer(name: string): void;
}

type Bucket = { readonly tick: number; first: WheelTimer | undefined };

/** So many ticks ahead it looks for the next timer; where there is none it wakes to look again. */
const horizon = 50;

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
  #count = 0;
  /** The one timer of the clock, and the tick it wakes us at: none of ours is due before. What is cancelled leaves it alone,
   * since most of what is started is stopped soon. */
  #waking: Timer | undefined = undefined;
  #tick = Infinity;
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

  at(asked: number, user: WheelUser, name: string): WheelTimer {
    const tick = Math.max(asked, this.#firing?.tick ?? asked);
    const timer = new WheelTimer(this, tick, user, name);
    if (this.#closed) {
      timer.tick = -1;
      return timer;
    }
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = { tick, first: undefined };
      this.#buckets.set(tick, bucket);
      if (tick < this.#tick) this.#wakeAt(tick);
    }
    this.#count++;
    timer.next = bucket.first;
    if (bucket.first !== undefined) bucket.first.previous = timer;
    bucket.first = timer;
    return timer;
  }

  /** Takes a timer out of its bucket; the last of all gives the clock's back. */
  remove(timer: WheelTimer): void {
    const { tick, next, previous } = timer;
    timer.tick = -1;
    timer.next = undefined;
    timer.previous = undefined;
    this.#count--;
    if (this.#count === 0) this.#wakeAt(Infinity);
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) {
      previous.next = next;
      return;
    }
    const bucket = this.#firing?.first === timer ? this.#firing : this.#buckets.get(tick);
    if (bucket === undefined || bucket.first !== timer) return;
    bucket.first = next;
    if (next === undefined && bucket !== this.#firing) this.#buckets.delete(tick);
  }

  /** How many timers run. */
  count(): number {
    return this.#count;
  }

  /** Stops everything; nothing fires afterwards. */
  close(): void {
    this.#closed = true;
    for (const bucket of this.#buckets.values()) {
      for (let timer = bucket.first; timer !== undefined; timer = timer.next) timer.tick = -1;
    }
    this.#buckets.clear();
    this.#count = 0;
    this.#wakeAt(Infinity);
    if (this.#firing !== undefined) this.#firing.first = undefined;
  }

  #wakeAt(tick: number): void {
    this.#waking?.cancel();
    this.#tick = tick;
    this.#waking =
      tick === Infinity
        ? undefined
        : this.#clock.after(tick * this.#resolution - this.#clock.monotonic(), 'sip timer wheel', this.#wake);
  }

  readonly #wake = (): void => {
    const due = Math.max(this.#tick, Math.floor(this.#clock.monotonic() / this.#resolution));
    for (let tick = this.#tick; tick <= due; tick++) {
      for (let bucket = this.#buckets.get(tick); bucket !== undefined; bucket = this.#buckets.get(tick))
        this.#fire(bucket);
    }
    if (this.#count === 0) return;
    let next = due + 1;
    while (next < due + horizon && !this.#buckets.has(next)) next++;
    this.#wakeAt(next);
  };

  #fire(bucket: Bucket): void {
    this.#buckets.delete(bucket.tick);
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
