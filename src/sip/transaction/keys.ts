/** What makes two messages one transaction. RFC 3261 §17.1.3 and §17.2.3. */
import type { SipRequest, SipResponse } from '../message/index.ts';

const cookie = 'z9hG4bK';

export function branchOf(message: SipRequest | SipResponse): string {
  const branch = message.via.params.get('branch');
  return typeof branch === 'string' ? branch : '';
}

/** Of a response: the branch we chose. Only a CANCEL shares one, its INVITE's. */
export function clientKey(branch: string, method: string): string {
  return method === 'CANCEL' ? `${branch}|CANCEL` : branch;
}

/** Of a request: branch, sent-by and method. An RFC 2543 peer has no unique branch, so its request is told by Call-ID,
 * From tag and CSeq number instead (the Request-URI and the To tag of an ACK then need no comparing). */
export function serverKey(request: SipRequest, method: string): string {
  const { via } = request;
  const branch = branchOf(request);
  const sentBy = via.port === undefined ? via.host : `${via.host}:${via.port}`;
  if (branch.startsWith(cookie) && branch.length > cookie.length) return `${branch}|${sentBy}|${method}`;
  return `${branch}|${sentBy}|${method}|${request.callId}|${tagOf(request)}|${request.cseq.number}`;
}

/** Of a request outside a dialog, whatever way it took here. RFC 3261 §8.2.2.2. */
export function mergeKey(request: SipRequest): string {
  return `${request.callId}|${tagOf(request)}|${request.cseq.number}|${request.method}`;
}

function tagOf(request: SipRequest): string {
  const tag = request.from.params.get('tag');
  return typeof tag === 'string' ? tag : '';
}
