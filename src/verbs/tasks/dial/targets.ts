/** A dial's target → the plan that reaches it. */
import { printable } from '../../../base/index.ts';
import {
  addressOfRecord,
  assertedOf,
  type Caller,
  codecNames,
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

/** A user by name and the same by name and domain is one target: only here is the account's domain known. */
export function distinct(context: TaskContext, dial: DialVerb): DialVerb {
  if (!dial.target.some(({ type }) => type === 'user')) return dial;
  const { services, accountSid } = context.session;
  const account = services.directory.get('account', accountSid);
  const seen = new Set<string>();
  const target = dial.target.filter((each) => {
    if (each.type !== 'user' || each.name === '') return true;
    const name = addressOfRecord(each.name, account, services.settings.domain);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
  return target.length === dial.target.length ? dial : { ...dial, target };
}

/** The dial's codecs. A list with one that is not ours is ignored, and the application hears of it. */
export function codecsOf({ session, caller }: TaskContext, { codecs = [] }: DialVerb): readonly string[] {
  const unknown = codecs.find((name) => !codecNames.includes(name.toUpperCase()));
  if (unknown === undefined) return codecs;
  const message = `dial.codecs: expected ${codecNames.join(', ')}, got "${printable(unknown, 40)}"; all are offered`;
  const where = { accountSid: session.accountSid, callSid: caller.callSid };
  session.services.alerts.raise({ ...where, type: 'invalid-app-payload', message });
  return [];
}

/** At once where nothing has to be looked up. */
export function planOf(context: TaskContext, dial: DialVerb, target: Target): Plan | NoPlan | Promise<Plan | NoPlan> {
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
      return planUser(services, accountSid, target, caller);
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
    // Where DTLS cannot be had the offer is of SRTP with keys in SDP, never in the clear.
    ...(dial.srtpEncryption === undefined ? {} : { srtp: 'require', dtls: dial.srtpEncryption === 'dtls' }),
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
  const mine = Object.entries(own);
  if (mine.length === 0) return Object.entries(common);
  const names = new Set(mine.map(([name]) => name.toLowerCase()));
  return [...Object.entries(common).filter(([name]) => !names.has(name.toLowerCase())), ...mine];
}
