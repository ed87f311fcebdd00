/** What people and keys changed: written beside the work, never in its way, without secrets, bounded. */
import { type Clock, messageOf, type Log, type Random, type Timer } from '../base/index.ts';
import type { AuditEntry, AuditLog } from '../ports/index.ts';
import type { Person } from './sessions.ts';

export type AuditOptions = {
  readonly store: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keepDays: number;
};

export type Deed = {
  readonly person: Person | undefined;
  readonly action: string;
  readonly what: string;
  readonly accountSid: string | undefined;
  readonly address: string;
  readonly detail?: Readonly<Record<string, unknown>>;
};

const dayMs = 86_400_000;
const pruneMs = 3_600_000;
const mostRows = 200_000;

export class AuditTrail {
  readonly #options: AuditOptions;
  readonly #pruner: Timer;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#pruner = options.clock.every(pruneMs, 'audit log', () => void this.#prune());
  }

  write({ person, action, what, accountSid, address, detail = {} }: Deed): void {
    const { store, clock, random } = this.#options;
    const who: AuditEntry['who'] = {
      ...(person?.userSid === undefined ? {} : { userSid: person.userSid }),
      ...(person?.keySid === undefined ? {} : { keySid: person.keySid }),
      name: person?.name ?? '',
      role: person?.role ?? 'nobody',
    };
    store.appendAudit({
      sid: random.uuid(),
      at: clock.now(),
      accountSid: accountSid ?? '',
      who,
      action,
      what: what.slice(0, 256),
      address: address.slice(0, 64),
      detail,
    });
  }

  close(): void {
    this.#pruner.cancel();
  }

  async #prune(): Promise<void> {
    const { store, clock, keepDays, log } = this.#options;
    try {
      await store.pruneAudit(clock.now() - keepDays * dayMs, mostRows);
    } catch (fault) {
      log.warn({ reason: messageOf(fault) }, 'old lines of the audit log could not be removed');
    }
  }
}
