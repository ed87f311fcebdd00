/** Connections that registered devices are reached through: kept open as long as a binding lasts. RFC 5626 §3. */
import type { Clock } from '../../base/index.ts';
import type { TimerWheel } from '../transaction/index.ts';
import type { Network } from './options.ts';

export class KeptConnections {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  /** Until when, in monotonic milliseconds. */
  readonly #until = new Map<string, number>();

  constructor(network: Network, clock: Clock, wheel: TimerWheel) {
    this.#network = network;
    this.#clock = clock;
    this.#wheel = wheel;
  }

  keep(connectionId: string, ms: number): void {
    const until = this.#clock.monotonic() + ms;
    const known = this.#until.get(connectionId);
    if (known !== undefined) {
      this.#until.set(connectionId, Math.max(known, until));
      return;
    }
    if (this.#network.keep?.(connectionId) !== true) return;
    this.#until.set(connectionId, until);
    this.#wheel.after(ms, this, connectionId);
  }

  /** The timer's name is the connection's. */
  onTimer(connectionId: string): void {
    const left = (this.#until.get(connectionId) ?? 0) - this.#clock.monotonic();
    if (left > 0) {
      this.#wheel.after(left, this, connectionId);
      return;
    }
    this.#until.delete(connectionId);
    this.#network.release?.(connectionId);
  }
}
