/** A Microsoft Teams user, by the number the tenant's administrator gave: Direct Routing, Microsoft's gateways in their
 * order. Microsoft tells tenants apart by the host of our Contact, and answers nothing that differs from its rules. */
import type { TeamsTenant } from '../../ports/index.ts';
import { printable } from '../../base/index.ts';
import type { Branch, NoPlan, Plan } from '../plan.ts';
import type { Services } from '../services.ts';
import { type Caller, escapeUser, fromOf, headersOf, isAnonymous } from './caller.ts';

export type TeamsTarget = {
  /** Sent as given. */
  readonly number: string;
  /** Host name of a tenant of the account; undefined: its first. */
  readonly tenant: string | undefined;
  readonly voicemail: boolean;
};

/** Without REFER: Teams then moves calls by re-INVITE. */
const allow = 'INVITE, ACK, OPTIONS, CANCEL, BYE, NOTIFY, UPDATE, PRACK';
/** What an application may not say there: each would contradict what we are to say. */
const ours = new Set(['allow', 'session-expires', 'x', 'min-se']); // x: Session-Expires in short

export function planTeams(services: Services, accountSid: string, target: TeamsTarget, caller: Caller): Plan | NoPlan {
  const tenant = services.directory.teamsTenant(accountSid, target.tenant);
  if (tenant === undefined) return noTenant(target.tenant);
  if (tenant.gateways.length === 0) return refused(404, `the Teams tenant '${tenant.tenantFqdn}' has no gateways`);
  const isUp = (gateway: string): boolean => services.teamsGatewayUp(tenant.sbcFqdn, gateway);
  // One that does not answer its pings is tried last.
  const gateways = [...tenant.gateways.filter(isUp), ...tenant.gateways.filter((each) => !isUp(each))];
  const branches = gateways.map((gateway) => branchOf(services, { tenant, gateway, target, caller }));
  return { mode: 'failover', trunk: 'teams', branches };
}

function noTenant(name: string | undefined): NoPlan {
  return name === undefined
    ? refused(404, 'this account has no Microsoft Teams tenant')
    : refused(404, `tenant: this account has no Microsoft Teams tenant named "${printable(name, 60)}"`);
}

function refused(sipStatus: number, reason: string): NoPlan {
  return { refused: { status: 'failed', sipStatus, reason, alert: 'dial-refused' } };
}

type Way = { tenant: TeamsTenant; gateway: string; target: TeamsTarget; caller: Caller };

function branchOf(services: Services, { tenant, gateway, target, caller }: Way): Branch {
  const host = gateway.replace(/:\d+$/, '');
  const user = escapeUser(target.number);
  const uri = `sip:${user}@${host}${target.voicemail ? ';opaque=app:voicemail' : ''}`;
  const headers = caller.headers.filter(([name]) => !ours.has(name.toLowerCase()));
  return {
    uri,
    from: fromTenant(caller, tenant.tenantFqdn),
    contactUser: target.number,
    contactHost: `${tenant.tenantFqdn}:5061`,
    nextHop: `sip:${gateway};transport=tls`,
    allow,
    sessionTimer: false,
    headers: headersOf({ ...caller, headers }, false),
    srtp: 'require',
    rtcpMux: true,
    ice: tenant.mediaBypass === true,
    suites: ['AES_CM_128_HMAC_SHA1_80'],
    silenceMs: services.settings.gatewayTimeoutMs,
  };
}

/** The host is the tenant's, whatever the application would like; the name of one who hides stays hidden. */
function fromTenant(caller: Caller, fqdn: string): Branch['from'] {
  const from = fromOf({ ...caller, fromHost: fqdn }, fqdn);
  return isAnonymous(caller.id) ? from : { ...from, uri: `${from.uri};transport=tls` };
}
