/** The ACK of a non-2xx final response, made by the transaction itself. RFC 3261 §17.1.1.3. */
import { HeaderFields, Request, type SipRequest, type SipResponse } from '../message/index.ts';

const empty = Buffer.alloc(0);

export function ackOf(request: SipRequest, response: SipResponse): SipRequest {
  const headers = new HeaderFields();
  headers.append('Via', request.headers.get('Via') ?? '');
  headers.append('Max-Forwards', '70');
  for (const route of request.headers.all('Route')) headers.append('Route', route);
  headers.append('From', request.headers.get('From') ?? '');
  headers.append('To', response.headers.get('To') ?? '');
  headers.append('Call-ID', request.callId);
  headers.append('CSeq', `${request.cseq.number} ACK`);
  return new Request({ method: 'ACK', uri: request.uri }, headers, empty);
}
