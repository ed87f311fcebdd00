/** An INVITE with Replaces: who calls takes the place of a leg that is ours, as long as both are of one account. No
 * application is asked: who names a dialog by its tags was told of it by somebody in it. RFC 3891 §3, attack C7. */
import type { Account } from '../ports/index.ts';
import type { Invitation } from '../sip/agent/index.ts';
import { parseUri } from '../sip/message/index.ts';
import { InboundLeg } from './inbound-leg.ts';
import { openSession } from './open-session.ts';
import { readReplaces } from './replaces.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import { connect, type Place, placeOf } from './take-place.ts';

type Refusal = { readonly status: number; readonly reason?: string };
type Call = { services: Services; scripts: ScriptFactory; invitation: Invitation; account: Account };

/** The dialog an INVITE wants to replace; the refusal where it cannot. */
export function replacedBy(services: Services, { request, caller }: Invitation): Place | Refusal {
  const values = request.headers.all('Replaces');
  const replaces = values.length === 1 ? readReplaces(values[0] ?? '') : undefined;
  if (replaces === undefined || request.headers.has('Join'))
    return { status: 400, reason: 'Expected One Readable Replaces' };
  const found = services.registry.dialogs.find(replaces, caller.accountSid);
  if (found === undefined) return { status: 481 };
  if (found === 'over') return { status: 603 };
  if (found.state === 'confirmed' && replaces.earlyOnly) return { status: 486 };
  return placeOf(found.leg) ?? { status: 603, reason: 'It Talks With Nobody' };
}

/** The new leg has a session of its own, of the application of the one it replaces; nothing of it is asked. */
export function takePlace({ services, scripts, invitation, account }: Call, place: Place): void {
  const { replaced, kept } = place;
  const callSid = services.random.uuid();
  const { applicationSid } = replaced.identity;
  const leg = new InboundLeg(
    services,
    {
      callSid,
      sessionSid: callSid,
      // The media of the two in one worker.
      mediaSession: kept.mediaSession,
      accountSid: account.sid,
      applicationSid,
      parentCallSid: undefined,
      direction: 'inbound',
      from: invitation.from.uri.user ?? invitation.from.uri.host,
      to: parseUri(invitation.request.uri)?.user ?? '',
      callerName: invitation.from.displayName ?? '',
      traceId: callSid.replaceAll('-', ''),
    },
    invitation,
  );
  leg.replaces = replaced.callSid;
  leg.trunk = invitation.caller.kind === 'user' ? 'user' : replaced.trunk;
  const application = place.session.application;
  const session = openSession({ services, scripts, caller: leg, account, application, base: application?.callHook });
  session.statusHook = place.session.statusHook;
  leg.note('call.replaces', { callSid: replaced.callSid, with: kept.callSid });
  void session.run(async () => {
    // Refused (no codec in common, no ports): the two go on talking as if nothing had been.
    if (!(await leg.answer(kept.media?.spoken))) return undefined;
    const still = placeOf(replaced);
    const taken = still?.kept === kept ? await connect({ session, leg }, still) : undefined;
    if (taken?.ok === true) return { verbs: [] };
    leg.hangup({ by: 'error', reason: taken === undefined ? 'the call to be replaced has ended' : taken.reason });
    return undefined;
  });
}
