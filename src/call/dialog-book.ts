/** Which leg a dialog belongs to, for those who name it in Replaces. A dialog that is over is remembered for a while, so
 * that who comes too late is told so. RFC 3891 §3. */
import { Recent, Roster } from '../base/index.ts';
import type { Leg } from './leg.ts';
import type { Replaces } from './replaces.ts';

export type DialogId = { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
export type FoundDialog = { readonly leg: Leg; readonly state: 'confirmed' | 'early' };

/** Dialogs that are surely remembered after their end, and early forks of one leg. */
const MAX_OVER = 1000;
const MAX_FORKS = 32;

const keyOf = ({ callId, localTag, remoteTag }: DialogId): string => `${callId}\n${localTag}\n${remoteTag}`;

export class DialogBook {
  readonly #legs = new Roster<string, Leg>();
  /** By call sid. */
  readonly #keys = new Map<string, string[]>();
  /** Whose they were. */
  readonly #over = new Recent<string, string>(MAX_OVER);

  /** The leg was answered: this is its dialog, and its other forks are nobody's. */
  confirm(leg: Leg, id: DialogId): void {
    for (const key of this.#keys.get(leg.callSid) ?? []) this.#legs.delete(key);
    this.#keys.delete(leg.callSid);
    this.enter(leg, id);
  }

  /** A dialog this leg may get: one of an INVITE of ours that rings. */
  enter(leg: Leg, id: DialogId): void {
    const key = keyOf(id);
    const keys = this.#keys.get(leg.callSid);
    if (keys === undefined) this.#keys.set(leg.callSid, [key]);
    else if (keys.length >= MAX_FORKS || keys.includes(key)) return;
    else keys.push(key);
    this.#legs.set(key, leg);
  }

  /** The leg is over. */
  leave(leg: Leg): void {
    for (const key of this.#keys.get(leg.callSid) ?? []) {
      this.#legs.delete(key);
      this.#over.set(key, leg.identity.accountSid);
    }
    this.#keys.delete(leg.callSid);
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
