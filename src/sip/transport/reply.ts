import { createHash } from 'node:crypto';
import { createResponse, formatVia, Response, serialize, type SipRequest, type Via } from '../message/index.ts';
import { defaultPort } from './address.ts';
import type { Source } from './types.ts';

/** Writes into the top Via where the request really came from: `received` when it is not what the Via says, and `rport`
 * when asked for. RFC 3261 §18.2.1, RFC 3581 §4. */
export function markReceived(request: SipRequest, source: { readonly address: string; readonly port: number }): void {
  const { via } = request;
  const asked = via.params.has('rport');
  if (!asked && via.host === source.address && !via.params.has('received')) return;
  const params = new Map(via.params);
  params.set('received', source.address);
  if (asked) params.set('rport', String(source.port));
  request.headers.replaceFirst('Via', formatVia({ ...via, params }));
}

/** The port a response goes to where it cannot go back the way the request came: UDP without rport, or a connection
 * that is gone. RFC 3261 §18.2.2. `maddr` is not followed: it would let anyone aim our answers at others. */
export function replyPortOf(via: Via, source: Source): number | undefined {
  if (source.transport === 'udp' && via.params.has('rport')) return undefined;
  const port = via.port ?? defaultPort(source.transport);
  return port === source.port ? undefined : port;
}

/** The stateless answer to a request that is wrong; undefined when it would be more bytes than came (attack B3). Its To
 * tag is the same each time the request comes. RFC 3261 §8.2.7. */
export function refusal(
  request: SipRequest,
  fault: { status: number; fault: string },
  size: number,
): Buffer | undefined {
  const toTag = createHash('md5')
    .update(`${request.callId} ${request.headers.get('Via') ?? ''}`)
    .digest('hex')
    .slice(0, 12);
  const response: Response = createResponse(request, fault.status, printable(fault.fault), { toTag });
  const bytes = serialize(response);
  return bytes.length > size ? undefined : bytes;
}

function printable(text: string): string {
  const phrase = text.charAt(0).toUpperCase() + text.slice(1, 80);
  return /^[\x20-\x7e]+$/.test(phrase) ? phrase : 'Bad Request';
}
