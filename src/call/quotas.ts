/** How many calls an account may have and how fast it may begin them: `max_calls` and `max_cps`. What is beyond is refused
 * at once, so that one tenant's flood costs the others nothing (attacks B5, F2). */
import type { Clock } from '../base/index.ts';
import type { Account, Alerts, LiveStore } from '../ports/index.ts';
import type { Registry } from './registry.ts';

export type OverQuota = { readonly reason: string; readonly retryAfterSeconds: number };

type Parts = {
  readonly clock: Clock;
  readonly alerts: Alerts;
  readonly registry: Pick<Registry, 'sessionsOf'>;
  readonly live: Pick<LiveStore, 'callsElsewhere'>;
};

/** Of one account. `starts`: when its calls of the last second began, monotonic ms, oldest first; at most max_cps. */
type Pace = { readonly starts: number[]; alertedAt: number };

/** One alert an account in so many ms: a flood of calls is not to become a flood of rows. */
const alertEvery = 60_000;

export class Quotas {
  readonly #parts: Parts;
  readonly #paces = new Map<string, Pace>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Why the account may not begin a call now; undefined when it may, which then counts. */
  begin(account: Account): OverQuota | undefined {
    const { maxCalls, maxCps } = account;
    if (maxCalls !== undefined && this.#callsOf(account.sid) >= maxCalls) {
      this.#alert(account, `the account has reached its limit of ${maxCalls} calls`);
      return { reason: 'Maximum Calls In Progress', retryAfterSeconds: 5 };
    }
    if (maxCps === undefined || this.#keepsPace(account.sid, maxCps)) return undefined;
    this.#alert(account, `the account has reached its limit of ${maxCps} new calls a second`);
    return { reason: 'Too Many Calls Per Second', retryAfterSeconds: 1 };
  }

  /** Here and, as of a second ago, on the other nodes. */
  #callsOf(accountSid: string): number {
    return this.#parts.registry.sessionsOf(accountSid) + this.#parts.live.callsElsewhere(accountSid);
  }

  #keepsPace(accountSid: string, maxCps: number): boolean {
    const { starts } = this.#paceOf(accountSid);
    const now = this.#parts.clock.monotonic();
    while (starts.length > 0 && now - (starts[0] ?? 0) >= 1000) starts.shift();
    if (starts.length >= maxCps) return false;
    starts.push(now);
    return true;
  }

  #alert({ sid: accountSid }: Account, message: string): void {
    const pace = this.#paceOf(accountSid);
    const now = this.#parts.clock.monotonic();
    if (now - pace.alertedAt < alertEvery) return;
    pace.alertedAt = now;
    this.#parts.alerts.raise({ accountSid, type: 'account-call-limit', message });
  }

  /** Accounts are as many as the operator made, so their paces are bounded. */
  #paceOf(accountSid: string): Pace {
    let pace = this.#paces.get(accountSid);
    if (pace === undefined) this.#paces.set(accountSid, (pace = { starts: [], alertedAt: -Infinity }));
    return pace;
  }
}
