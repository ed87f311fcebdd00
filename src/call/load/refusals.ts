/** New calls that were refused for want of room, by what there was too little of. */
export type RefusalReason = 'overload' | 'server-limit' | 'account-limit';

export class Refusals {
  readonly #totals: Record<RefusalReason, number> = { overload: 0, 'server-limit': 0, 'account-limit': 0 };

  add(reason: RefusalReason): void {
    this.#totals[reason]++;
  }

  get totals(): Readonly<Record<RefusalReason, number>> {
    return this.#totals;
  }
}
