/** Takes as many new calls as the server can serve well, judged by measured load: below its limits the door stands open and
 * costs a counter; at one it lets in a part of what came, and finds by itself how much is right (additive increase,
 * multiplicative decrease). Calls that stand are never asked for. RFC 7339 §5.10 knows such control by rate; far ends that
 * do not speak it understand 503 with Retry-After (RFC 3261 §21.5.4). */
import { type Clock, type Log, Machine, type Random, type Timer } from '../../base/index.ts';
import type { Door, Load, LoadSignal } from '../../ports/index.ts';
import { TokenBucket } from './bucket.ts';
import { type DoorEffect, type DoorEvent, type DoorState, type DoorContext, doorTable } from './judge.ts';
import { noLoad, type Pressure, smoothed, strainOf, worstOf } from './pressure.ts';
import type { Refusals } from './refusals.ts';

export type LoadDoorOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The load since it was last asked. */
  readonly measure: () => Load;
  readonly limits: Load;
  /** So many new calls a second are always let in: there is no way back from nothing. */
  readonly leastRate: number;
  readonly refusals: Refusals;
  /** The door has narrowed, or is open again. */
  readonly onChange: (state: DoorState, why: LoadSignal) => void;
};

const SAMPLE_MS = 250;
/** A change shows after this. */
const SETTLE_MS = 1000;
/** Nobody refused and all easy for so long: the limit has no purpose any more. */
const RECOVER_MS = 5000;
const DECREASE = 0.8;
/** Of the rate, a second; at least one call. */
const INCREASE = 0.1;
/** A limit is used when so much of it comes in. */
const USED = 0.5;
/** Who is refused comes back after 1 to so many seconds, not all at once. */
const MOST_AWAY = 5;

export class LoadDoor implements Door {
  readonly #options: LoadDoorOptions;
  readonly #machine: Machine<DoorState, DoorEvent, DoorEffect, DoorContext>;
  readonly #timer: Timer;
  #bucket: TokenBucket | undefined;
  /** Parts of their limits. */
  #ratios: Load = noLoad;
  #pressure: Pressure = { value: 0, signal: 'loop' };
  /** Let in since the last sample, and how many a second that has been of late. */
  #entered = 0;
  #pace = 0;
  #sampledAt: number;
  #changedAt = -Infinity;
  #troubledAt = -Infinity;

  constructor(options: LoadDoorOptions) {
    this.#options = options;
    this.#machine = new Machine({
      table: doorTable,
      initial: 'open',
      context: {
        settled: () => options.clock.monotonic() - this.#changedAt >= SETTLE_MS,
        recovered: () => options.clock.monotonic() - this.#troubledAt >= RECOVER_MS,
      },
      perform: (effect) => this.#perform(effect),
      onChange: (_, __, to) => options.onChange(to, this.#pressure.signal),
    });
    this.#sampledAt = options.clock.monotonic();
    this.#timer = options.clock.every(SAMPLE_MS, 'load sample', () => this.#sample());
  }

  enter(): number | undefined {
    if (this.#bucket === undefined || this.#bucket.take(this.#options.clock.monotonic())) {
      this.#entered++;
      return undefined;
    }
    this.#options.refusals.add('overload');
    this.#troubledAt = this.#options.clock.monotonic();
    return this.#secondsAway();
  }

  look(): number | undefined {
    return this.#bucket === undefined ? undefined : this.#secondsAway();
  }

  /** For metrics. `rate`: new calls a second; undefined while the door is open. `pressure`: 1 is a limit. */
  figures(): { readonly rate: number | undefined; readonly pressure: Load } {
    return { rate: this.#bucket?.rate, pressure: this.#ratios };
  }

  close(): void {
    this.#timer.cancel();
  }

  #sample(): void {
    const now = this.#options.clock.monotonic();
    this.#ratios = smoothed(this.#ratios, this.#options.measure(), this.#options.limits);
    this.#pressure = worstOf(this.#ratios);
    const seconds = Math.max(now - this.#sampledAt, 1) / 1000;
    const weight = Math.min(1, seconds);
    this.#pace += weight * (this.#entered / seconds - this.#pace);
    this.#entered = 0;
    this.#sampledAt = now;
    const type = strainOf(this.#pressure);
    if (type !== 'easy') this.#troubledAt = now;
    this.#machine.handle({ type });
  }

  #perform(effect: DoorEffect): void {
    switch (effect) {
      case 'shut':
        return this.#turn(this.#pace * DECREASE, 'overload: new calls are refused beyond a rate');
      case 'narrow':
        return this.#narrow(this.#bucket?.rate ?? 0);
      case 'widen': {
        const rate = this.#bucket?.rate ?? 0;
        return this.#turn(rate + Math.max(1, rate * INCREASE));
      }
      case 'hold':
        return;
      case 'release':
        this.#bucket = undefined;
        this.#options.log.warn({}, 'overload is over: all new calls are taken again');
    }
  }

  /** A limit that nobody comes near is not what the strain is from. */
  #narrow(rate: number): void {
    if (this.#pace >= rate * USED) this.#turn(rate * DECREASE);
  }

  #turn(wanted: number, says?: string): void {
    const now = this.#options.clock.monotonic();
    const rate = Math.max(this.#options.leastRate, wanted);
    if (this.#bucket === undefined) this.#bucket = new TokenBucket(rate, now);
    else this.#bucket.change(rate, now);
    this.#changedAt = now;
    if (says === undefined) return;
    const { signal, value } = this.#pressure;
    this.#options.log.warn({ signal, pressure: Number(value.toFixed(2)), callsPerSecond: Math.round(rate) }, says);
  }

  #secondsAway(): number {
    return 1 + this.#options.random.integer(MOST_AWAY);
  }
}

/** Where `calls.overload.enabled` is false. */
export class OpenDoor implements Door {
  enter(): undefined {
    return undefined;
  }

  look(): undefined {
    return undefined;
  }
}
