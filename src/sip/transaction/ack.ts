/** The ACK of a non-2xx final response, made by the transaction itself. RFC 3261 §17.1.1.3. */
import { header, HeaderFields, Request, type SipRequest, type SipResponse } from '../message/index.ts';

const empty = Buffer.alloc(0);

export function ackOf(request: SipRequest, response: SipResponse): SipRequest {
  const headers = new HeaderFields();
  headers.own(header.via, request.headers.get(header.via) ?? '');
  headers.own(header.maxForwards, '70');
  for (const route of request.headers.all(header.route)) headers.own(header.route, route);
  headers.own(header.from, request.headers.get(header.from) ?? '');
  headers.own(header.to, response.headers.get(header.to) ?? '');
  headers.own(header.callId, request.callId);
  headers.own(header.cseq, `${request.cseq.number} ACK`);
  return new Request({ method: 'ACK', uri: request.uri }, headers, empty);
}
