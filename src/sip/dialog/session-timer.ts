/** Session timers: what to agree on, and when to refresh or give up. RFC 4028. */
import type { Clock } from '../../base/index.ts';
import { header, type SipRequest, type SipResponse } from '../message/index.ts';
import type { TimerWheel, WheelTimer } from '../transaction/index.ts';

/** Who refreshes, seen from us. */
export type Refresher = 'local' | 'remote';
export type Agreement = { readonly seconds: number; readonly refresher: Refresher };

export type SessionTimerPolicy = {
  /** What we ask for, seconds. */
  readonly expires: number;
  /** Least we accept. RFC 4028 §4: not below 90. */
  readonly minimum: number;
};

export const defaultSessionTimer: SessionTimerPolicy = { expires: 1800, minimum: 90 };

type Asked = { readonly seconds: number; readonly refresher: string | undefined };

/** `1800;refresher=uac`. Undefined when absent or not that. */
export function sessionExpires(message: SipRequest | SipResponse): Asked | undefined {
  const value = message.headers.get(header.sessionExpires);
  if (value === undefined) return undefined;
  const [first = '', ...params] = value.split(';', 8);
  const seconds = deltaSeconds(first);
  if (seconds === undefined) return undefined;
  let refresher: string | undefined;
  for (const param of params) {
    const [name = '', given = ''] = param.split('=', 2);
    if (name.trim().toLowerCase() === 'refresher') refresher = given.trim().toLowerCase();
  }
  return { seconds, refresher };
}

/** The Min-SE of a message, or the 90 s that stand for its absence. RFC 4028 §5. */
export function minimumOf(message: SipRequest | SipResponse): number {
  return deltaSeconds(message.headers.get(header.minSe)?.split(';', 1)[0] ?? '') ?? 90;
}

function deltaSeconds(text: string): number | undefined {
  const digits = text.trim();
  if (digits === '' || digits.length > 10) return undefined;
  for (const digit of digits) if (digit < '0' || digit > '9') return undefined;
  return Math.min(Number(digits), 2 ** 31 - 1);
}

/** `option` in lower case. */
export function supports({ headers }: SipRequest | SipResponse, option: string): boolean {
  return headers.lists(header.supported, option) || headers.lists(header.require, option);
}

/** UAS: what our 2xx says. `tooSmall`: 422 with our Min-SE. RFC 4028 §9, table 2. */
export function agreeAsServer(request: SipRequest, policy: SessionTimerPolicy): Agreement | 'tooSmall' | undefined {
  const asked = sessionExpires(request);
  const peerSupports = supports(request, 'timer');
  if (asked === undefined) {
    // The peer can, and did not ask: we keep watch ourselves, which costs it nothing.
    return peerSupports ? { seconds: Math.max(policy.expires, minimumOf(request)), refresher: 'local' } : undefined;
  }
  // One that does not know the extension would not understand 422 either.
  if (asked.seconds < policy.minimum) {
    if (peerSupports) return 'tooSmall';
    return { seconds: policy.minimum, refresher: 'local' };
  }
  if (!peerSupports) return { seconds: asked.seconds, refresher: 'local' };
  return { seconds: asked.seconds, refresher: asked.refresher === 'uas' ? 'local' : 'remote' };
}

/** UAC: what the 2xx decided. RFC 4028 §7.2. */
export function agreedByServer(response: SipResponse): Agreement | undefined {
  const agreed = sessionExpires(response);
  if (agreed === undefined || agreed.seconds === 0) return undefined;
  return { seconds: agreed.seconds, refresher: agreed.refresher === 'uas' ? 'remote' : 'local' };
}

/** The header value of a message of ours. In a request of the UAC `uac` is us; in our 2xx as UAS `uas` is us. */
export function sessionExpiresValue(agreement: Agreement, role: 'uac' | 'uas'): string {
  const local = role;
  const remote = role === 'uac' ? 'uas' : 'uac';
  return `${agreement.seconds};refresher=${agreement.refresher === 'local' ? local : remote}`;
}

export interface SessionTimerOwner {
  /** Half the interval passed and refreshing is ours. */
  onRefresh(): void;
  /** Nobody refreshed: the session is taken for dead. §10. */
  onExpired(): void;
}

/** The two timers of a session. Plain data comes out for a snapshot. */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #owner: SessionTimerOwner;
  #agreement: Agreement | undefined = undefined;
  #timer: WheelTimer | undefined = undefined;
  #limit: WheelTimer | undefined = undefined;
  /** Clock.monotonic() at which the interval is over. */
  #deadline = 0;

  constructor(clock: Clock, wheel: TimerWheel, owner: SessionTimerOwner) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.#owner = owner;
  }

  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  /** Milliseconds left of the interval. */
  get left(): number {
    return Math.max(0, Math.round(this.#deadline - this.#clock.monotonic()));
  }

  /** Starts over; undefined: no session timer. `leftMs`: what is left of a restored session's interval. */
  start(agreement: Agreement | undefined, leftMs?: number): void {
    this.stop();
    this.#agreement = agreement;
    if (agreement === undefined) return;
    const whole = agreement.seconds * 1000;
    const left = Math.max(0, Math.min(leftMs ?? whole, whole));
    this.#deadline = this.#clock.monotonic() + left;
    if (agreement.refresher === 'local') {
      this.#timer = this.#wheel.after(Math.max(0, left - whole / 2), this, 'session refresh');
    }
    // §10: BYE a little before the end, so that the peer's own BYE does not cross it.
    const early = Math.min(32_000, whole / 3);
    this.#limit = this.#wheel.after(Math.max(0, left - early), this, 'session expiry');
  }

  /** A refresh of ours failed: another in a quarter of what is left, while there is enough of it. */
  retry(): void {
    if (this.left > 4000) this.#timer = this.#wheel.after(this.left / 4, this, 'session refresh');
  }

  onTimer(name: string): void {
    if (name === 'session refresh') this.#owner.onRefresh();
    else this.#owner.onExpired();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#limit?.cancel();
  }
}
