/** How fast and how many: `max_calls` and `max_cps` of a carrier. A call that may not go yet waits in line; whoever
 * waits can leave. RFC-free: this is a token bucket and a counter. */
import type { Clock, Timer } from '../base/index.ts';

export type Limits = { readonly maxCalls: number | undefined; readonly maxCps: number | undefined };

/** A place in line or a running call. Closing gives the place back; idempotent. */
export interface Slot {
  readonly granted: boolean;
  release(): void;
}

type Waiter = { granted: boolean; left: boolean; grant: () => void };

class Pacer {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #line: Waiter[] = [];
  limits: Limits;
  #running = 0;
  /** Start times of the last second, oldest first: a sliding window, so no second holds more than max_cps. */
  readonly #starts: number[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, name: string, limits: Limits) {
    this.#clock = clock;
    this.#name = name;
    this.limits = limits;
  }

  get idle(): boolean {
    return this.#running === 0 && this.#line.length === 0;
  }

  get waiting(): number {
    return this.#line.length;
  }

  acquire(grant: () => void): Slot {
    const waiter: Waiter = { granted: false, left: false, grant };
    this.#line.push(waiter);
    this.#serve();
    return this.#slot(waiter);
  }

  occupy(): Slot {
    this.#running++;
    return this.#slot({ granted: true, left: false, grant: () => {} });
  }

  #slot(waiter: Waiter): Slot {
    const release = () => {
      if (waiter.left) return;
      waiter.left = true;
      if (waiter.granted) this.#running--;
      else this.#line.splice(this.#line.indexOf(waiter), 1);
      this.#serve();
    };
    return {
      get granted() {
        return waiter.granted;
      },
      release,
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #serve(): void {
    while (this.#line.length > 0 && this.#mayStart()) {
      const waiter = this.#line.shift();
      if (waiter === undefined) return;
      waiter.granted = true;
      this.#running++;
      if (this.limits.maxCps !== undefined) this.#starts.push(this.#clock.monotonic());
      waiter.grant();
    }
  }

  #mayStart(): boolean {
    const { maxCalls, maxCps } = this.limits;
    if (maxCalls !== undefined && this.#running >= maxCalls) return false;
    if (maxCps === undefined) return true;
    const now = this.#clock.monotonic();
    while (this.#starts.length > 0 && now - (this.#starts[0] ?? 0) >= 1000) this.#starts.shift();
    if (this.#starts.length < maxCps) return true;
    this.#timer ??= this.#clock.after(1000 - (now - (this.#starts[0] ?? now)), `carrier ${this.#name} pacing`, () => {
      this.#timer = undefined;
      this.#serve();
    });
    return false;
  }
}

/** The pacers of all carriers. */
export class CarrierPacers {
  readonly #clock: Clock;
  readonly #pacers = new Map<string, Pacer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `grant` as soon as a call may start: at once, inside this function, when there is room. */
  acquire(carrierSid: string, limits: Limits, grant: () => void): Slot {
    return this.#pacer(carrierSid, limits).acquire(grant);
  }

  /** A call that runs already, begun by another process: it counts, over the limit too, and does not wait. */
  occupy(carrierSid: string, limits: Limits): Slot {
    return this.#pacer(carrierSid, limits).occupy();
  }

  waiting(carrierSid: string): number {
    return this.#pacers.get(carrierSid)?.waiting ?? 0;
  }

  close(): void {
    for (const pacer of this.#pacers.values()) pacer.close();
    this.#pacers.clear();
  }

  #pacer(carrierSid: string, limits: Limits): Pacer {
    let pacer = this.#pacers.get(carrierSid);
    if (pacer === undefined) {
      pacer = new Pacer(this.#clock, carrierSid, limits);
      this.#pacers.set(carrierSid, pacer);
    }
    pacer.limits = limits;
    return pacer;
  }
}
