/** config's referHook on a caller in no dial: its REFER is asked about, and what the hook answers takes over the call.
 * reference.md 1.14. */
import { type Leg, Referral, type Session } from '../call/index.ts';
import type { HookRef } from '../ports/index.ts';
import { movedWith, ringsReferred } from './referred-verbs.ts';

/** From now on, until the function it returns is called. A dial's own claim goes first. */
export function takeReferrals(session: Session, caller: Leg, hook: HookRef): () => void {
  let asked = 0;
  let referral: Referral | undefined;
  return caller.claim('REFER', (request) => {
    if (caller.state !== 'in-progress') return request.reply({ status: 603 });
    if (referral !== undefined && referral.state !== 'over') return request.reply({ status: 491 });
    referral = new Referral({
      referrer: caller,
      other: caller,
      hook,
      link: session.link,
      request,
      ordinal: ++asked,
      move: (verbs) => {
        const replaced = session.script.replace(verbs);
        return movedWith(verbs, replaced.ok ? [] : replaced.faults, { session, referrer: caller });
      },
      rings: ringsReferred,
      over: () => {},
    });
    void referral.ask();
  });
}
