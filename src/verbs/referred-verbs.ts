/** What a referHook answered with, once it was given to the referred call. reference.md 1.14. */
import { isUri, type Leg, type ReferRequest, type Session } from '../call/index.ts';
import { canonicalNumber, parseApplication, type Target } from './schema/schema.ts';

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

/** Is a dial among the verbs that rings whom the Refer-To names? */
export function ringsReferred(verbs: unknown, refer: ReferRequest): boolean {
  const parsed = parseApplication(verbs);
  if (!parsed.ok) return false;
  return parsed.verbs.some((verb) => verb.verb === 'dial' && verb.target.some((target) => names(target, refer)));
}

function names(target: Target, { uri, user }: ReferRequest): boolean {
  switch (target.type) {
    case 'sip':
      return isUri(target.sipUri, uri);
    case 'user':
      return target.name.split('@', 1)[0] === user;
    case 'phone':
    case 'teams':
      return digits(target.number) === digits(user);
  }
}

function digits(number: string): string {
  return (canonicalNumber(number) ?? number).replace(/^\+/, '');
}
