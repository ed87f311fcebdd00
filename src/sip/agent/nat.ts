/** When a peer's Contact cannot be reached and the way its messages came must be used. RFC 5626 §3, RFC 3581. */
import { isIP } from 'node:net';
import { isPrivateAddress } from '../../base/index.ts';
import type { Binding } from '../../ports/index.ts';
import { header, parseNameAddr, parseUri, type SipRequest } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';

/** Of an INVITE: it came over a connection of the peer's own, or its Via names an address it did not come from. */
export function behindNat(request: SipRequest, from: Source): boolean {
  if (request.headers.has(header.recordRoute)) return false;
  if (from.connectionId !== undefined) return true;
  const { host, params } = request.via;
  const received = params.get('received');
  return isIP(host) !== 0 && host !== from.address && received !== undefined;
}

/** Of a response: its Contact is a private address while the hop is not, or it answers over a connection. */
export function unreachableFrom(hop: Hop, contact: string): boolean {
  if (hop.connectionId !== undefined) return true;
  if (isPrivate(hop.address)) return false;
  const uri = parseNameAddr(contact)?.uri;
  return uri === undefined || isPrivate(uri.host);
}

/** Where a device that registered over TCP also listens, if its Contact says so and is where it came from: not every
 * device keeps its connection. Any other address would let a registration aim our calls (attack C3). */
export function listeningAt({ transport, address, contact, path }: Binding): Hop | undefined {
  const uri = transport === 'tcp' && path.length === 0 ? parseUri(contact) : undefined;
  return uri?.host === address ? { transport, address, port: uri.port ?? 5060 } : undefined;
}

function isPrivate(host: string): boolean {
  return isIP(host) === 0 ? host.endsWith('.invalid') : isPrivateAddress(host);
}
