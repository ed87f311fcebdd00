/** OPTIONS to a gateway, again and again: is it there? RFC 3261 §11. */
import { Emitter, ignore, Machine, type Random, type Step, type Table } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import type { TimerWheel, WheelTimer } from '../transaction/index.ts';
import { type Outside, OutsideRequest } from './outside-request.ts';
import type { GatewayPing, PingOptions } from './options.ts';

export type PingState = 'unknown' | 'up' | 'doubtful' | 'down';
export type PingEvent = { readonly type: 'heard' | 'silent' };
export type PingEffect = { readonly type: 'tellUp' | 'tellDown' };
type Row = Step<PingState, PingEffect>;

// prettier-ignore
export const pingTable: Table<PingState, PingEvent, PingEffect, undefined> = {
  unknown:  { heard: row('up', 'tellUp'), silent: row('down', 'tellDown') },
  up:       { heard: ignore,              silent: row('doubtful')         },
  // One lost OPTIONS is no outage.
  doubtful: { heard: row('up'),           silent: row('down', 'tellDown') },
  down:     { heard: row('up', 'tellUp'), silent: ignore                  },
};

function row(to: PingState, ...types: ReadonlyArray<PingEffect['type']>): () => Row {
  const step: Row = { to, effects: types.map((type) => ({ type })) };
  return () => step;
}

export class Ping implements GatewayPing {
  readonly events: GatewayPing['events'] = new Emitter();
  readonly #wheel: TimerWheel;
  readonly #interval: number;
  readonly #patience: number | undefined;
  readonly #request: OutsideRequest;
  readonly #machine: Machine<PingState, PingEvent, PingEffect, undefined>;
  readonly #gone: (ping: Ping) => void;
  #timer: WheelTimer | undefined = undefined;
  #status = 0;

  constructor(host: Outside & { wheel: TimerWheel; random: Random }, options: PingOptions, gone: (ping: Ping) => void) {
    this.#wheel = host.wheel;
    this.#interval = options.intervalMs ?? 30_000;
    this.#patience = options.patienceMs;
    this.#gone = gone;
    const from = options.from ?? options.uri;
    const address = {
      method: 'OPTIONS' as const,
      uri: options.uri,
      from: `<${from}>;tag=${host.random.token(12)}`,
      to: `<${options.uri}>`,
      callId: host.random.token(24),
      hops: options.hops,
    };
    this.#request = new OutsideRequest(
      host,
      address,
      (hop) => [
        ['Contact', host.contactFor(hop, undefined, options.contactHost)],
        ['Accept', 'application/sdp'],
      ],
      (response, by) => this.#heard(response, by),
    );
    this.#machine = new Machine({
      table: pingTable,
      initial: 'unknown',
      context: undefined,
      perform: ({ type }) => this.events.emit(type === 'tellUp' ? 'up' : 'down', this.#status),
    });
  }

  get up(): boolean {
    return this.#machine.state === 'up' || this.#machine.state === 'doubtful';
  }

  get down(): boolean {
    return this.#machine.state === 'down';
  }

  start(): void {
    this.#request.send();
    if (this.#patience !== undefined) this.#timer = this.#wheel.after(this.#patience, this, 'OPTIONS patience');
  }

  close(): void {
    this.#timer?.cancel();
    this.#request.drop();
    this.#gone(this);
  }

  onTimer(): void {
    if (!this.#request.giveUp()) this.start();
  }

  /** Any answer says that somebody is there, but for the one that says it takes no calls. */
  #heard(response: SipResponse, by: 'response' | 'timeout' | 'transport'): void {
    this.#status = response.status;
    this.#timer?.cancel();
    this.#machine.handle({ type: by === 'response' && response.status !== 503 ? 'heard' : 'silent' });
    this.#timer = this.#wheel.after(this.#interval, this, 'OPTIONS ping');
  }
}
