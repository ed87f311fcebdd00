/** The transfers the two connected parties ask for (referHook): which leg is referred, what the dial does then. */
import { type Leg, Referral } from '../../../call/index.ts';
import type { HookRef } from '../../../ports/index.ts';
import { type Moved, movedWith, ringsReferred } from '../../referred-verbs.ts';
import type { TaskContext } from '../../task.ts';

type Mover = {
  /** Runs verbs on the referred leg, which leaves this dial first. The faults, or none. */
  readonly move: (referrer: Leg, verbs: unknown) => readonly string[];
  /** A referral of this referrer is over; it may be hung up. */
  readonly over: (referrer: Leg) => void;
};

export class Transfers {
  readonly #context: TaskContext;
  readonly #hook: HookRef;
  readonly #mover: Mover;
  readonly #off: (() => void)[] = [];
  #asked = 0;
  #referral: Referral | undefined;

  constructor(context: TaskContext, hook: HookRef, mover: Mover) {
    this.#context = context;
    this.#hook = hook;
    this.#mover = mover;
  }

  /** From now on a REFER of the caller, or of either party, is ours. */
  open(caller: Leg, callee: Leg, who: 'caller' | 'both'): void {
    this.#off.push(this.#watch(caller, callee));
    if (who === 'both') this.#off.push(this.#watch(callee, caller));
  }

  /** No further REFER is taken; one under way goes on. */
  close(): void {
    for (const off of this.#off.splice(0)) off();
  }

  /** Whose accepted REFER is under way. */
  get referrer(): Leg | undefined {
    return this.#referral?.state === 'moving' ? this.#referral.referrer : undefined;
  }

  #watch(referrer: Leg, other: Leg): () => void {
    return referrer.claim('REFER', (request) => {
      // One at a time: the second would move a party that is on its way already.
      if (this.#referral !== undefined && this.#referral.state !== 'over') return request.reply({ status: 491 });
      const referral = new Referral({
        referrer,
        other,
        hook: this.#hook,
        link: this.#context.session.link,
        request,
        ordinal: ++this.#asked,
        move: (verbs) => this.#move(referrer, verbs),
        rings: ringsReferred,
        over: () => this.#mover.over(referrer),
      });
      this.#referral = referral;
      void referral.ask();
    });
  }

  #move(referrer: Leg, verbs: unknown): Moved {
    return movedWith(verbs, this.#mover.move(referrer, verbs), { session: this.#context.session, referrer });
  }
}
