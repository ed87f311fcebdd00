/** What a referHook answered with, once it was given to the referred call. reference.md 1.14. */
import type { Leg, Session } from '../call/index.ts';
import { parseApplication } from './schema/schema.ts';

export type Moved = { readonly dials: boolean } | { readonly fault: string };

/** `faults` none: the verbs run. Otherwise the account is alerted. */
export function movedWith(
  verbs: unknown,
  faults: readonly string[],
  about: { session: Session; referrer: Leg },
): Moved {
  const [fault] = faults;
  if (fault === undefined) {
    const parsed = parseApplication(verbs);
    return { dials: parsed.ok && parsed.verbs.some(({ verb }) => verb === 'dial') };
  }
  const { session, referrer } = about;
  session.services.alerts.raise({
    accountSid: session.accountSid,
    callSid: referrer.callSid,
    type: 'invalid-app-payload',
    message: fault,
    detail: faults.join('\n'),
  });
  return { fault };
}
