/** Our registration at a carrier: kept fresh, retried with back-off, taken back at the end. RFC 3261 §10.2, RFC 5626 §4.5. */
import { Emitter, ignore, Machine, type Random, type Step, type Table } from '../../base/index.ts';
import { uriText } from '../dialog/index.ts';
import type { SipResponse } from '../message/index.ts';
import type { Hop, TimerWheel, WheelTimer } from '../transaction/index.ts';
import { TargetAuthorizer } from './authorizer.ts';
import { type Outside, OutsideRequest } from './outside-request.ts';
import type { OutboundRegistration, RegistrationOptions, RegistrationStatus } from './options.ts';

/** waiting: refused or unheard, and a retry is due. leaving: the REGISTER with `expires=0` is out. */
export type RegistrationState = 'registering' | 'registered' | 'waiting' | 'leaving' | 'closed';
export type RegistrationEvent =
  | { readonly type: 'accepted'; readonly seconds: number }
  | { readonly type: 'refused' }
  | { readonly type: 'due' }
  | { readonly type: 'close' };
export type RegistrationEffect =
  | { readonly type: 'send' | 'unregister' | 'backOff' | 'done' }
  | { readonly type: 'refreshIn'; readonly seconds: number };
type Row = Step<RegistrationState, RegistrationEffect>;

// prettier-ignore
export const registrationTable: Table<RegistrationState, RegistrationEvent, RegistrationEffect, undefined> = {
  //             200                 refused, unheard    timer               we close
  registering: { accepted: renewed,  refused: backOff,   due: ignore,        close: leave  },
  registered:  { accepted: ignore,   refused: ignore,    due: refresh,       close: leave  },
  waiting:     { accepted: ignore,   refused: ignore,    due: refresh,       close: finish },
  leaving:     { accepted: finish,   refused: finish,    due: finish,        close: ignore },
  closed:      { accepted: ignore,   refused: ignore,    due: ignore,        close: ignore },
};

function renewed({ seconds }: { seconds: number }): Row {
  return { to: 'registered', effects: [{ type: 'refreshIn', seconds }] };
}
function backOff(): Row {
  return { to: 'waiting', effects: [{ type: 'backOff' }] };
}
function refresh(): Row {
  return { to: 'registering', effects: [{ type: 'send' }] };
}
function leave(): Row {
  return { to: 'leaving', effects: [{ type: 'unregister' }] };
}
function finish(): Row {
  return { to: 'closed', effects: [{ type: 'done' }] };
}

/** RFC 5626 §4.5: from half a minute up to half an hour, and never all at the same moment. */
const retry = { first: 30_000, most: 1_800_000 } as const;
/** A carrier that does not answer our goodbye does not keep us. */
const goodbye = 2000;

export class Registration implements OutboundRegistration {
  readonly events: OutboundRegistration['events'] = new Emitter();
  readonly #wheel: TimerWheel;
  readonly #random: Random;
  readonly #options: RegistrationOptions;
  readonly #request: OutsideRequest;
  readonly #machine: Machine<RegistrationState, RegistrationEvent, RegistrationEffect, undefined>;
  readonly #gone: (registration: Registration) => void;
  #expires: number;
  #failures = 0;
  #contact = '';
  #timer: WheelTimer | undefined = undefined;
  #status: RegistrationStatus = { state: 'registering' };
  #closing: Array<() => void> = [];

  constructor(
    host: Outside & { wheel: TimerWheel; random: Random },
    options: RegistrationOptions,
    gone: (registration: Registration) => void,
  ) {
    this.#wheel = host.wheel;
    this.#random = host.random;
    this.#options = options;
    this.#gone = gone;
    this.#expires = options.expires ?? 3600;
    const { uri, from, credentials, hops, proxy } = options;
    const aor = `<${from}>`;
    const address = {
      method: 'REGISTER' as const,
      uri,
      from: `${aor};tag=${host.random.token(12)}`,
      to: aor,
      callId: host.random.token(24),
      hops,
      proxy,
      authorizer: credentials === undefined ? undefined : new TargetAuthorizer(credentials, host.random),
    };
    const headersFor = (hop: Hop): ReturnType<Registration['headersFor']> => {
      this.#contact = host.contactFor(hop, options.contactUser, options.contactHost);
      return this.headersFor();
    };
    this.#request = new OutsideRequest(host, address, headersFor, (response) => this.#heard(response));
    this.#machine = new Machine({
      table: registrationTable,
      initial: 'registering',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
  }

  get status(): RegistrationStatus {
    return this.#status;
  }

  start(): void {
    if (this.#machine.state === 'registering') this.#request.send();
  }

  close(): Promise<void> {
    if (this.#machine.state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#closing.push(resolve);
      this.#machine.handle({ type: 'close' });
    });
  }

  abandon(): void {
    this.drop();
  }

  /** The agent closes: nothing is sent any more. */
  drop(): void {
    this.#request.drop();
    this.#timer?.cancel();
    this.#finish();
  }

  headersFor(): ReadonlyArray<readonly [string, string]> {
    const seconds = this.#machine.state === 'leaving' ? 0 : this.#expires;
    return [
      ['Contact', `${this.#contact};expires=${seconds}`],
      ['Expires', String(seconds)],
      ...(this.#options.headers ?? []),
    ];
  }

  onTimer(): void {
    this.#machine.handle({ type: 'due' });
  }

  #heard(response: SipResponse): void {
    const { status } = response;
    if (status === 423 && this.#machine.state === 'registering') {
      const least = Number(response.headers.get('Min-Expires'));
      if (Number.isInteger(least) && least > this.#expires && least <= 86_400) {
        this.#expires = least;
        return this.#request.send();
      }
    }
    if (status < 300) return void this.#machine.handle({ type: 'accepted', seconds: this.#granted(response) });
    if (this.#machine.state === 'registering') this.#tell({ state: 'failed', status, reason: response.reason });
    this.#machine.handle({ type: 'refused' });
  }

  /** What the registrar gave our contact; it lists those of others too. §10.2.4. */
  #granted(response: SipResponse): number {
    const ours = uriText(this.#contact);
    for (const value of response.headers.all('Contact')) {
      if (uriText(value) !== ours) continue;
      const at = value.toLowerCase().indexOf(';expires=');
      const seconds = at < 0 ? Number.NaN : Number.parseInt(value.slice(at + 9), 10);
      if (seconds > 0) return seconds;
    }
    const header = Number.parseInt(response.headers.get('Expires') ?? '', 10);
    return header > 0 ? header : this.#expires;
  }

  #perform(effect: RegistrationEffect): void {
    switch (effect.type) {
      case 'send':
        return this.#request.send();
      case 'refreshIn': {
        this.#failures = 0;
        const { seconds } = effect;
        this.#arm(1000 * (seconds > 120 ? seconds - 60 : seconds / 2));
        return this.#tell({ state: 'registered', expires: seconds });
      }
      case 'backOff': {
        const most = Math.min(retry.most, retry.first * 2 ** this.#failures);
        this.#failures = Math.min(this.#failures + 1, 10);
        return this.#arm(most / 2 + this.#random.integer(most / 2));
      }
      case 'unregister':
        this.#request.send();
        return this.#arm(goodbye);
      case 'done':
        this.#timer?.cancel();
        this.#request.drop();
        this.#tell({ state: 'closed' });
        return this.#finish();
    }
  }

  #arm(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#wheel.after(ms, this, 'registration');
  }

  #tell(status: RegistrationStatus): void {
    this.#status = status;
    this.events.emit('status', status);
  }

  #finish(): void {
    for (const resolve of this.#closing) resolve();
    this.#closing = [];
    this.#gone(this);
  }
}
