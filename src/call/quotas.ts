/** How many calls an account may have and how fast it may begin them: `max_calls` and `max_cps`. What is beyond is refused
 * at once, so that one tenant's flood costs the others nothing (attacks B5, F2). */
import type { Clock } from '../base/index.ts';
import type { Account, Alerts } from '../ports/index.ts';
import type { Verdict } from './limits/shared-limit.ts';
import type { SharedLimits } from './limits/shared-limits.ts';
import type { Registry } from './registry.ts';

export type OverQuota = { readonly reason: string; readonly retryAfterSeconds: number };

type Parts = {
  readonly clock: Clock;
  readonly alerts: Alerts;
  readonly registry: Pick<Registry, 'sessionsOf'>;
  readonly limits: SharedLimits;
};

/** One alert an account in so many ms: a flood of calls is not to become a flood of rows. */
const alertEvery = 60_000;

export class Quotas {
  readonly #parts: Parts;
  /** When an alert of each account was last raised, monotonic ms. Accounts are as many as the operator made. */
  readonly #alerted = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Why the account may not begin a call now; undefined when it may, which then counts. A promise where other nodes have a
   * say. */
  begin(account: Account): OverQuota | undefined | Promise<OverQuota | undefined> {
    const { maxCalls, maxCps, sid } = account;
    if (maxCalls === undefined && maxCps === undefined) return undefined;
    const limit = this.#parts.limits.of(nameOf(sid), () => this.#parts.registry.sessionsOf(sid));
    const verdict = limit.begin({ maxCalls, maxCps });
    if (typeof verdict === 'string') return this.#over(account, verdict);
    return verdict.then((given) => this.#over(account, given));
  }

  /** A call of it is over. */
  ended(accountSid: string): void {
    this.#parts.limits.ended(nameOf(accountSid));
  }

  #over(account: Account, verdict: Verdict): OverQuota | undefined {
    switch (verdict) {
      case 'yes':
      // Nobody waits for an account.
      case 'line':
        return undefined;
      case 'calls':
        this.#alert(account, `the account has reached its limit of ${account.maxCalls} calls`);
        return { reason: 'Maximum Calls In Progress', retryAfterSeconds: 5 };
      case 'cps':
        this.#alert(account, `the account has reached its limit of ${account.maxCps} new calls a second`);
        return { reason: 'Too Many Calls Per Second', retryAfterSeconds: 1 };
    }
  }

  #alert({ sid: accountSid }: Account, message: string): void {
    const now = this.#parts.clock.monotonic();
    if (now - (this.#alerted.get(accountSid) ?? -Infinity) < alertEvery) return;
    this.#alerted.set(accountSid, now);
    this.#parts.alerts.raise({ accountSid, type: 'account-call-limit', message });
  }
}

function nameOf(accountSid: string): string {
  return `account ${accountSid}`;
}
