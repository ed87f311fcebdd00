/** A dial's target → the plan that reaches it. */
import {
  assertedOf,
  type Caller,
  InboundLeg,
  type Leg,
  type NoPlan,
  type Plan,
  planPhone,
  planTeams,
  isUri,
  planSip,
  type SipTarget,
  type TeamsTarget,
  planUser,
} from '../../../call/index.ts';
import type { TaskContext } from '../../task.ts';
import { canonicalNumber, type DialVerb, type Target, targetAddress } from '../../schema/schema.ts';

/** How hooks and records name the callee. */
export function displayOf(context: TaskContext, target: Target): string {
  if (target.type !== 'user' || target.name.includes('@')) return targetAddress(target);
  const { session } = context;
  const realm =
    session.services.directory.get('account', session.accountSid)?.sipRealm ?? session.services.settings.domain;
  return `${target.name}@${realm}`;
}

export async function planOf(context: TaskContext, dial: DialVerb, target: Target): Promise<Plan | NoPlan> {
  const { services, accountSid } = context.session;
  const caller = callerOf(context, dial, target);
  switch (target.type) {
    case 'phone': {
      const number = target.overrideTo ?? canonicalNumber(target.number) ?? target.number;
      return planPhone(services, accountSid, { number, trunk: target.trunk }, caller);
    }
    case 'sip':
      return planSip(services, sipTargetOf(context, dial, target), caller);
    case 'user':
      return planUser(services, accountSid, target.name, caller);
    case 'teams':
      return planTeams(services, accountSid, teamsTargetOf(context, target), caller);
  }
}

/** The tenant of the calling party, where the target names none. */
function teamsTargetOf({ caller, session }: TaskContext, target: Extract<Target, { type: 'teams' }>): TeamsTarget {
  const { number, tenant, voicemail, overrideTo } = target;
  const from =
    caller instanceof InboundLeg && caller.invitation.caller.kind === 'teams' ? caller.invitation.caller : undefined;
  const calling = from && session.services.directory.get('teamsTenant', from.tenantSid);
  return { number: overrideTo ?? number, tenant: tenant ?? calling?.tenantFqdn, voicemail };
}

function sipTargetOf({ caller }: TaskContext, dial: DialVerb, target: Extract<Target, { type: 'sip' }>): SipTarget {
  const { referredTo } = caller;
  const { sipUri, auth } = target;
  const replaces = referredTo !== undefined && isUri(sipUri, referredTo.uri) ? referredTo.replaces : undefined;
  return {
    sipUri,
    auth,
    proxy: target.proxy ?? dial.proxy,
    ...(replaces === undefined ? {} : { replaces }),
    ...(dial.srtpEncryption === 'sdes' ? { srtp: 'require' } : {}),
  };
}

function callerOf(context: TaskContext, dial: DialVerb, target: Target): Caller {
  const { caller } = context;
  const name = dial.callerName ?? (dial.callerId === undefined ? caller.identity.callerName : undefined);
  return {
    id: dial.callerId ?? caller.identity.from,
    vouched: dial.callerId === undefined && fromCarrier(caller),
    name: name === '' ? undefined : name,
    asserted: dial.forwardPAI ? assertedBy(caller) : undefined,
    headers: merge(dial.headers, target.headers),
    ...(target.from.user === undefined ? {} : { fromUser: target.from.user }),
    ...(target.from.host === undefined ? {} : { fromHost: target.from.host }),
  };
}

function fromCarrier(caller: Leg): boolean {
  return caller instanceof InboundLeg && caller.invitation.caller.kind === 'carrier';
}

/** Only a carrier may vouch for an identity; a user's own claim is dropped, his wish for privacy is not (RFC 3325 §5,
 * RFC 3323 §4.1; attack C5). */
function assertedBy(caller: Leg): Caller['asserted'] {
  if (!(caller instanceof InboundLeg)) return undefined;
  const asserted = assertedOf(caller.invitation.request.headers);
  if (asserted === undefined || fromCarrier(caller)) return asserted;
  return asserted.privacy === undefined ? undefined : { identities: [], privacy: asserted.privacy };
}

/** One hop less than the caller's INVITE had: two servers that dial each other end in 483 (attack A6). */
export function hopsLeft(caller: Leg): number | undefined {
  if (!(caller instanceof InboundLeg)) return undefined;
  const given = Number(caller.invitation.request.headers.get('Max-Forwards') ?? 70);
  return given >= 1 && given <= 255 ? Math.min(given, 70) - 1 : 69;
}

/** target.headers win over dial.headers, whatever their case. */
function merge(common: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): [string, string][] {
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  return [...Object.entries(common).filter(([name]) => !names.has(name.toLowerCase())), ...Object.entries(own)];
}
