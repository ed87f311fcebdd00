/** Who a request comes from, before any hook is called. interface.md 2: a carrier by its source, a user by its digest,
 * anyone else is nobody. */
import { printable } from '../base/index.ts';
import type { Directory, TeamsTenant } from '../ports/index.ts';
import type { Identification, Source } from '../sip/agent/index.ts';
import { parseNameAddr, parseUri, type SipRequest } from '../sip/message/index.ts';

export type Known = {
  readonly directory: Directory;
  /** Does Microsoft Teams call from this address? */
  readonly isTeams: (address: string) => boolean;
};

export function identify({ directory, isTeams }: Known, request: SipRequest, source: Source): Identification {
  if (request.method === 'REGISTER') return challenge(directory, request.to.uri.host);
  const teams = source.transport === 'tls' && isTeams(source.address);
  const tenant = teams ? tenantOf(directory, request) : undefined;
  if (tenant !== undefined) {
    const { sid, accountSid, tenantFqdn } = tenant;
    return { kind: 'teams', tenantSid: sid, accountSid, contactHost: `${tenantFqdn}:5061` };
  }
  const match = directory.inboundGateway(source.address, source.port, source.transport);
  // A phone may share its address with a carrier (a PBX, a test on loopback): who names a user of ours must prove it,
  // unless the port too is the gateway's.
  if (match !== undefined && (match.gateway.port === source.port || !claimsUser(directory, request))) {
    const { gateway, carrier } = match;
    return { kind: 'carrier', carrierSid: carrier.sid, accountSid: carrier.accountSid, gatewaySid: gateway.sid };
  }
  if (teams && !claimsUser(directory, request)) return { kind: 'forbidden', why: noTenant(request) };
  return challenge(directory, request.from.uri.host);
}

/** Microsoft calls a tenant by the host of the Request-URI. */
function tenantOf(directory: Directory, request: SipRequest): TeamsTenant | undefined {
  const called = parseUri(request.uri)?.host;
  const contact = parseNameAddr(request.headers.get('Contact') ?? '')?.uri.host;
  for (const host of [called, contact]) {
    const tenant = host === undefined ? undefined : directory.tenantByFqdn(host);
    if (tenant !== undefined) return tenant;
  }
  return undefined;
}

function noTenant(request: SipRequest): string {
  return `no Microsoft Teams tenant here is named ${printable(parseUri(request.uri)?.host ?? 'so', 100)}`;
}

function challenge(directory: Directory, realm: string): Identification {
  return directory.accountByRealm(realm)?.isActive === true ? { kind: 'challenge', realm } : { kind: 'forbidden' };
}

function claimsUser(directory: Directory, request: SipRequest): boolean {
  const { user, host } = request.from.uri;
  return user !== undefined && directory.client(host, user) !== undefined;
}
