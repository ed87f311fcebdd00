/** Who a request comes from, before any hook is called. interface.md 2: a carrier by its source, a user by its digest,
 * anyone else is nobody. */
import { isIP } from 'node:net';
import { printable } from '../base/index.ts';
import type { ClientCertificate, Directory, Gateway, TeamsTenant } from '../ports/index.ts';
import { type Identification, originOf, type Source } from '../sip/agent/index.ts';
import { parseNameAddr, parseUri, type SipRequest } from '../sip/message/index.ts';

export type Known = {
  readonly directory: Directory;
  /** Does Microsoft Teams call from this address? */
  readonly isTeams: (address: string) => boolean;
  /** A carrier that must prove itself did not; `why` says what is wrong. */
  readonly unproven: (gateway: Gateway, why: string) => void;
};

export function identify({ directory, isTeams, unproven }: Known, request: SipRequest, from: Source): Identification {
  const source = originOf(from);
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
    const why = gateway.clientCertificate && lackOf(gateway, gateway.clientCertificate, from);
    if (why !== undefined) {
      unproven(gateway, why);
      return { kind: 'forbidden', why };
    }
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

/** What a carrier's connection lacks of the certificate its gateway asks for; undefined: nothing. RFC 5922 §7.4. Nobody can
 * show one through an edge proxy: TLS ends there. */
function lackOf({ host }: Gateway, wanted: ClientCertificate, source: Source): string | undefined {
  if (source.origin !== undefined)
    return 'this gateway must call with its certificate, which cannot be shown through an edge proxy';
  if (source.transport !== 'tls') return 'this gateway must call over TLS with its certificate';
  const { certificate } = source;
  if (certificate === undefined) return 'no client certificate was shown, and this gateway must show one';
  const { names, fingerprint, fault } = certificate;
  if (wanted.fingerprint !== undefined)
    return fingerprint === wanted.fingerprint ? undefined : 'the client certificate has another fingerprint';
  if (fault !== undefined) return `the client certificate is not believed: ${fault}`;
  const name = wanted.subject ?? (isIP(host) === 0 ? host.toLowerCase() : undefined);
  if (name === undefined || names.includes(name)) return undefined;
  return `the client certificate is for ${printable(names.join(', '), 200)}, not for ${name}`;
}

function challenge(directory: Directory, realm: string): Identification {
  return directory.accountByRealm(realm)?.isActive === true ? { kind: 'challenge', realm } : { kind: 'forbidden' };
}

function claimsUser(directory: Directory, request: SipRequest): boolean {
  const { user, host } = request.from.uri;
  return user !== undefined && directory.client(host, user) !== undefined;
}
