/** Which leg a dialog belongs to, for those who name it in Replaces. A dialog that is over is remembered for a while, so
 * that who comes too late is told so. RFC 3891 §3. */
import type { Leg } from './leg.ts';
import type { Replaces } from './replaces.ts';

export type DialogId = { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
export type FoundDialog = { readonly leg: Leg; readonly state: 'confirmed' | 'early' };

/** Most dialogs that are remembered after their end, and early forks of one leg. */
const MAX_OVER = 1000;
const MAX_FORKS = 32;

const keyOf = ({ callId, localTag, remoteTag }: DialogId): string => `${callId}\n${localTag}\n${remoteTag}`;

export class DialogBook {
  readonly #legs = new Map<string, Leg>();
  readonly #keys = new Map<Leg, Set<string>>();
  /** Whose they were, the oldest first. */
  readonly #over = new Map<string, string>();

  /** The leg was answered: this is its dialog, and its other forks are nobody's. */
  confirm(leg: Leg, id: DialogId): void {
    for (const key of this.#keys.get(leg) ?? []) this.#legs.delete(key);
    this.#keys.delete(leg);
    this.enter(leg, id);
  }

  /** A dialog this leg may get: one of an INVITE of ours that rings. */
  enter(leg: Leg, id: DialogId): void {
    const keys = this.#keys.get(leg) ?? new Set();
    if (keys.size >= MAX_FORKS) return;
    const key = keyOf(id);
    keys.add(key);
    this.#keys.set(leg, keys);
    this.#legs.set(key, leg);
  }

  /** The leg is over. */
  leave(leg: Leg): void {
    for (const key of this.#keys.get(leg) ?? []) {
      this.#legs.delete(key);
      this.#over.set(key, leg.identity.accountSid);
    }
    this.#keys.delete(leg);
    while (this.#over.size > MAX_OVER) this.#over.delete(this.#over.keys().next().value ?? '');
  }

  /** What another account has is not there. */
  find({ callId, toTag, fromTag }: Replaces, accountSid: string): FoundDialog | 'over' | undefined {
    const key = keyOf({ callId, localTag: toTag, remoteTag: fromTag });
    const leg = this.#legs.get(key);
    if (leg === undefined) return this.#over.get(key) === accountSid ? 'over' : undefined;
    if (leg.identity.accountSid !== accountSid) return undefined;
    return { leg, state: leg.dialog === undefined ? 'early' : 'confirmed' };
  }

  get size(): number {
    return this.#legs.size;
  }
}
