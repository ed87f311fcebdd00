/** The connected callee of a dial becomes a call of its own: own session, own application. The dial ends without it. */
import type { AppLink, HookRef } from '../ports/index.ts';
import { callInfo } from './call-info.ts';
import type { Leg } from './leg.ts';
import type { Session } from './session.ts';

/** Asks the hook first: while it thinks, and when it fails, the two go on talking. True: the callee has its own session. */
export async function adultByHook(session: Session, child: Leg, hook: HookRef): Promise<boolean> {
  const link = openLink(session, child);
  const payload = { ...callInfo(child), parentCallInfo: callInfo(session.caller) };
  const answer = await link.request(hook, 'session:adulting', payload);
  const faults = answer.ok ? begin({ session, child, link }, answer.body ?? []) : ['the hook failed'];
  if (faults.length === 0) return true;
  link.close(answer.ok ? 'fault' : undefined);
  // A hook that failed has raised its own alert.
  if (answer.ok) notApplied(session, child, faults);
  return false;
}

/** The verbs are at hand. Returns the faults; none: done. */
export function adultWith(session: Session, child: Leg, verbs: unknown): readonly string[] {
  const link = openLink(session, child);
  const faults = begin({ session, child, link }, verbs);
  if (faults.length > 0) link.close();
  return faults;
}

/** A command was accepted, but what the application answered could not be applied. */
export function notApplied(session: Session, leg: Leg, faults: readonly string[]): void {
  session.services.alerts.raise({
    accountSid: session.accountSid,
    callSid: leg.callSid,
    type: 'error-updating-call',
    message: faults[0] ?? 'not valid',
    detail: faults.join('\n'),
  });
}

/** The application's link of a callee that gets a session of its own. */
export function openLink(session: Session, child: Leg): AppLink {
  const { accountSid, callSid, traceId } = child.identity;
  const webhookSecret = session.services.directory.get('account', accountSid)?.webhookSecret ?? '';
  return session.services.hooks.open({
    accountSid,
    callSid,
    webhookSecret,
    base: session.application?.callHook,
    traceId,
  });
}

function begin(about: { session: Session; child: Leg; link: AppLink }, verbs: unknown): readonly string[] {
  const { session, child, link } = about;
  if (child.end !== undefined || session.connection?.callee !== child) return ['the callee is no longer connected'];
  const faults = session.script.check(verbs);
  if (faults.length > 0) return faults;
  const own = session.partWith(child, link);
  void own.run(() => Promise.resolve({ verbs }));
  return [];
}
