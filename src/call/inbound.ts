/** An INVITE that came in and whose caller is known → a session that asks the application what to do. */
import type { Account, AppLink, HookAnswer, HookTarget } from '../ports/index.ts';
import type { Invitation } from '../sip/agent/index.ts';
import { sessionNew } from './call-info.ts';
import { policyFault } from '../sdp/index.ts';
import { InboundLeg, srtpOfCaller } from './inbound-leg.ts';
import { warning } from './reinvite.ts';
import { applicationFor, type Destination } from './routing/inbound.ts';
import { replacedBy, takePlace } from './replacing.ts';
import type { OverQuota } from './quotas.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';

export function handleInvitation(services: Services, scripts: ScriptFactory, invitation: Invitation): void {
  const { accountSid } = invitation.caller;
  const account = services.directory.get('account', accountSid);
  if (account === undefined || !account.isActive)
    return invitation.reject({ status: 403, reason: 'Account Not Active' });
  const { maxCalls } = services.settings;
  if (maxCalls !== undefined && services.registry.size.sessions >= maxCalls) {
    services.refusals.add('server-limit');
    return invitation.reject({ status: 503, reason: 'Busy', headers: [['Retry-After', '5']] });
  }
  const over = services.quotas.begin(account);
  if (!(over instanceof Promise)) return admit({ services, scripts, invitation, account }, over);
  let gone = false;
  const off = invitation.events.on('cancelled', () => (gone = true));
  over
    .then((answer) => {
      off();
      // A caller that gave up meanwhile has its answer. What it took is put right by the next heartbeat.
      if (!gone) admit({ services, scripts, invitation, account }, answer);
    })
    .catch((fault: unknown) => {
      services.log.error({ fault }, 'a call could not be begun');
      invitation.reject({ status: 500, reason: 'Server Internal Error' });
    });
}

type Arrival = { services: Services; scripts: ScriptFactory; invitation: Invitation; account: Account };

function admit({ services, scripts, invitation, account }: Arrival, over: OverQuota | undefined): void {
  if (over !== undefined) {
    services.refusals.add('account-limit');
    const headers = [['Retry-After', String(over.retryAfterSeconds)]] as const;
    return invitation.reject({ status: 503, reason: over.reason, headers });
  }
  if (invitation.request.headers.has('Replaces')) {
    const place = replacedBy(services, invitation);
    if ('status' in place) return invitation.reject(place);
    return takePlace({ services, scripts, invitation, account }, place);
  }
  const destination = applicationFor(services, invitation);
  if (destination === undefined) return invitation.reject({ status: 404, reason: 'No Application For This Number' });
  // Before anybody is asked what to do with it.
  const fault =
    invitation.offer === undefined
      ? undefined
      : policyFault(invitation.offer, srtpOfCaller(services, invitation.caller));
  if (fault !== undefined) {
    const headers = [['Warning', warning(fault)]] as const;
    return invitation.reject({ status: 488, reason: 'Not Acceptable Here', headers });
  }
  startSession({ services, scripts, invitation, account, destination });
}

type Start = {
  services: Services;
  scripts: ScriptFactory;
  invitation: Invitation;
  account: Account;
  destination: Destination;
};

function startSession({ services, scripts, invitation, account, destination }: Start): void {
  const { application } = destination;
  const callSid = services.random.uuid();
  const leg = new InboundLeg(
    services,
    {
      callSid,
      sessionSid: callSid,
      accountSid: account.sid,
      applicationSid: application?.sid,
      parentCallSid: undefined,
      direction: 'inbound',
      from: callerOf(services, invitation),
      to: destination.number,
      callerName: invitation.from.displayName ?? '',
      traceId: callSid.replaceAll('-', ''),
    },
    invitation,
  );
  leg.trunk = destination.trunk;
  const session = openSession({ services, scripts, caller: leg, account, application, base: application?.callHook });
  // The ports are reserved while the application thinks: they are needed in all but the rarest call.
  leg.openMedia().catch((fault: unknown) => leg.note('media.failed', { reason: String(fault) }));
  void session.run(() => firstVerbs(session, leg, destination));
}

/** Who calls, as hooks are told: by the number that was sent. A softphone of the portal has credentials of one session: its person is
 * named, who can be dialled again. */
function callerOf({ directory }: Services, { caller, from }: Invitation): string {
  const person = caller.kind === 'user' ? directory.get('client', caller.clientSid)?.softphone?.name : undefined;
  return person ?? from.uri.user ?? from.uri.host;
}

/** The verbs to begin with: given with the application, or asked of its call_hook, then of its fallback_hook. */
async function firstVerbs(
  session: Session,
  leg: InboundLeg,
  destination: Destination,
): Promise<{ verbs: unknown } | undefined> {
  const { application } = destination;
  const given = destination.verbs ?? application?.appJson;
  if (given !== undefined) return { verbs: given };
  const hooks = [application?.callHook, application?.fallbackHook].filter((hook) => hook !== undefined);
  const answer = await askInTurn(session.link, hooks, sessionNew(leg, application));
  if (answer?.ok === true) return { verbs: answer.body ?? [] };
  leg.reject({
    status: session.services.settings.failedHookStatus,
    headers: [['X-Reason', 'the application could not be reached']],
    cause: { by: 'error', reason: answer?.message ?? `the application '${application?.name ?? ''}' has no call_hook` },
  });
  return undefined;
}

async function askInTurn(
  link: AppLink,
  hooks: readonly HookTarget[],
  body: Record<string, unknown>,
): Promise<HookAnswer | undefined> {
  let answer: HookAnswer | undefined;
  for (const hook of hooks) {
    answer = await link.request(hook, 'session:new', body);
    if (answer.ok) break;
  }
  return answer;
}
