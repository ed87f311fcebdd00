/** config's referHook on a caller in no dial: its REFER is asked about, and what the hook answers takes over the call.
 * reference.md 1.14. */
import { type Leg, Referral, type Session } from '../call/index.ts';
import type { HookRef } from '../ports/index.ts';
import { parseApplication } from './schema/schema.ts';

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
      move: (verbs) => move(session, verbs),
      over: () => {},
    });
    void referral.ask();
  });
}

function move(session: Session, verbs: unknown): { readonly dials: boolean } | { readonly fault: string } {
  const replaced = session.script.replace(verbs);
  if (!replaced.ok) {
    const [message = 'not valid'] = replaced.faults;
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: session.caller.callSid,
      type: 'invalid-app-payload',
      message,
      detail: replaced.faults.join('\n'),
    });
    return { fault: message };
  }
  const parsed = parseApplication(verbs);
  return { dials: parsed.ok && parsed.verbs.some(({ verb }) => verb === 'dial') };
}
