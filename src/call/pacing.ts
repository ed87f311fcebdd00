/** How fast and how many: `max_calls` and `max_cps` of a carrier. A call that may not go yet waits in line; whoever
 * waits can leave. RFC-free: this is a token bucket and a counter. */
import type { Clock, Timer } from '../base/index.ts';
import type { Limits, SharedLimit, Verdict } from './limits/shared-limit.ts';
import type { LimitLine } from '../ports/index.ts';
import type { SharedLimits } from './limits/shared-limits.ts';

/** A place in line or a running call. Closing gives the place back; idempotent. */
export interface Slot {
  readonly granted: boolean;
  release(): void;
}

/** Whoever wants a place. */
export type Wanting = {
  /** It has it. */
  readonly grant: () => void;
  /** It does not have it yet: there is none. */
  readonly waits?: () => void;
};

/** `since`: when it came, monotonic ms. */
type Waiter = Wanting & { readonly since: number; granted: boolean; left: boolean; told: boolean };

class Pacer {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #limit: SharedLimit;
  readonly #ended: () => void;
  readonly #line: Waiter[] = [];
  limits: Limits;
  #running = 0;
  #timer: Timer | undefined;
  /** Other nodes are being asked for a place. */
  #asking = false;

  constructor(parts: { clock: Clock; shared: SharedLimits; sid: string; limits: Limits }) {
    const { clock, shared, sid, limits } = parts;
    const name = `carrier ${sid}`;
    this.#clock = clock;
    this.#name = sid;
    this.#limit = shared.of(
      name,
      () => this.#running,
      () => this.#waited(),
    );
    this.#ended = () => shared.ended(name);
    this.limits = limits;
  }

  get waiting(): number {
    return this.#line.length;
  }

  acquire(wanting: Wanting): Slot {
    const waiter: Waiter = { ...wanting, since: this.#clock.monotonic(), granted: false, left: false, told: false };
    this.#line.push(waiter);
    this.#serve();
    return this.#slot(waiter);
  }

  occupy(): Slot {
    this.#running++;
    this.#ended();
    return this.#slot({ since: 0, granted: true, left: false, told: true, grant: () => {} });
  }

  close(): void {
    this.#line.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #slot(waiter: Waiter): Slot {
    const release = () => {
      if (waiter.left) return;
      waiter.left = true;
      if (waiter.granted) {
        this.#running--;
        this.#ended();
      } else this.#line.splice(this.#line.indexOf(waiter), 1);
      this.#serve();
    };
    return {
      get granted() {
        return waiter.granted;
      },
      release,
    };
  }

  #serve(): void {
    while (this.#line.length > 0 && !this.#asking) {
      const verdict = this.#limit.begin(this.limits);
      if (typeof verdict !== 'string') return this.#await(verdict);
      if (verdict !== 'yes') return this.#later(verdict);
      this.#grant();
    }
  }

  #await(verdict: Promise<Verdict>): void {
    this.#asking = true;
    void verdict.then((given) => {
      this.#asking = false;
      if (given === 'yes' && this.#line.length > 0) this.#grant();
      // Whoever it was asked for has left: the place is given back.
      else if (given === 'yes') this.#ended();
      else this.#later(given);
      if (given === 'yes') this.#serve();
    });
  }

  #grant(): void {
    const waiter = this.#line.shift();
    if (waiter === undefined) return;
    waiter.granted = true;
    this.#running++;
    waiter.grant();
  }

  #waited(): LimitLine {
    const now = this.#clock.monotonic();
    return this.#line.slice(0, 2).map(({ since }) => now - since) as [number?, number?];
  }

  #later(verdict: Exclude<Verdict, 'yes'>): void {
    this.#tellWaiting();
    const ms = this.#limit.waitFor(verdict, this.limits);
    if (ms === undefined || this.#line.length === 0) return;
    this.#timer ??= this.#clock.after(ms, `carrier ${this.#name} pacing`, () => {
      this.#timer = undefined;
      this.#serve();
    });
  }

  #tellWaiting(): void {
    for (const waiter of this.#line) {
      if (waiter.told) continue;
      waiter.told = true;
      waiter.waits?.();
    }
  }
}

/** The pacers of all carriers. */
export class CarrierPacers {
  readonly #clock: Clock;
  readonly #shared: SharedLimits;
  readonly #pacers = new Map<string, Pacer>();

  constructor(clock: Clock, shared: SharedLimits) {
    this.#clock = clock;
    this.#shared = shared;
  }

  /** Calls `grant` as soon as a call may start: inside this function, when there is room and no other node is to be asked. */
  acquire(carrierSid: string, limits: Limits, wanting: Wanting): Slot {
    return this.#pacer(carrierSid, limits).acquire(wanting);
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
      pacer = new Pacer({ clock: this.#clock, shared: this.#shared, sid: carrierSid, limits });
      this.#pacers.set(carrierSid, pacer);
    }
    pacer.limits = limits;
    return pacer;
  }
}
