/** config's referHook, or that of a call placed by REST, on a caller in no dial: its REFER is asked about, and what the hook
 * answers takes over the call. Where it was joined with another call, it is that one which is referred. reference.md 1.14. */
import { type Leg, Referral, type Session } from '../call/index.ts';
import type { HookRef } from '../ports/index.ts';
import { movedWith, ringsReferred } from './referred-verbs.ts';

export type Referrals = {
  /** No further REFER is taken; one under way goes on. */
  readonly stop: () => void;
  /** Resolves when no accepted REFER is under way: the referrer has been told. */
  readonly settled: () => Promise<void>;
};

/** From now on, until they are stopped. A dial's own claim goes first. */
export function takeReferrals(session: Session, caller: Leg, hook: HookRef): Referrals {
  let asked = 0;
  let referral: Referral | undefined;
  let settled: Promise<void> = Promise.resolve();
  const stop = caller.claim('REFER', (request) => {
    if (caller.state !== 'in-progress') return request.reply({ status: 603 });
    if (referral !== undefined && referral.state !== 'over') return request.reply({ status: 491 });
    const other = joinedWith(session) ?? caller;
    let over = (): void => {};
    settled = new Promise((resolve) => (over = resolve));
    referral = new Referral({
      referrer: caller,
      other,
      hook,
      link: session.link,
      request,
      ordinal: ++asked,
      move: (verbs) => {
        const script = session.services.registry.sessionOf(other)?.script ?? session.script;
        const replaced = script.replace(verbs);
        return movedWith(verbs, replaced.ok ? [] : replaced.faults, { session, referrer: caller });
      },
      rings: ringsReferred,
      over,
    });
    void referral.ask();
  });
  return { stop, settled: () => settled };
}

/** The other party where it is a call of its own. */
function joinedWith(session: Session): Leg | undefined {
  const other = session.connection?.callee;
  return other === undefined || other.identity.sessionSid === session.sid ? undefined : other;
}
