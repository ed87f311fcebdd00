/** Who a request comes from, before any hook is called. interface.md 2: a carrier by its source, a user by its digest,
 * anyone else is nobody. */
import type { Directory } from '../ports/index.ts';
import type { Identification, Source } from '../sip/agent/index.ts';
import type { SipRequest } from '../sip/message/index.ts';

export function identify(directory: Directory, request: SipRequest, source: Source): Identification {
  if (request.method === 'REGISTER') return challenge(directory, request.to.uri.host);
  const match = directory.inboundGateway(source.address, source.port, source.transport);
  // A phone may share its address with a carrier (a PBX, a test on loopback): who names a user of ours must prove it,
  // unless the port too is the gateway's.
  if (match !== undefined && (match.gateway.port === source.port || !claimsUser(directory, request))) {
    const { gateway, carrier } = match;
    return { kind: 'carrier', carrierSid: carrier.sid, accountSid: carrier.accountSid, gatewaySid: gateway.sid };
  }
  return challenge(directory, request.from.uri.host);
}

function challenge(directory: Directory, realm: string): Identification {
  return directory.accountByRealm(realm)?.isActive === true ? { kind: 'challenge', realm } : { kind: 'forbidden' };
}

function claimsUser(directory: Directory, request: SipRequest): boolean {
  const { user, host } = request.from.uri;
  return user !== undefined && directory.client(host, user) !== undefined;
}
