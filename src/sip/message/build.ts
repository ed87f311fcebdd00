import { HeaderFault, HeaderFields } from './headers.ts';
import { Request, Response } from './message.ts';
import { formatNameAddr, tagOf } from './name-addr.ts';
import { reasonPhrase } from './reasons.ts';
import type { NameAddr, SipMessage, SipRequest } from './types.ts';

const emptyBody = Buffer.alloc(0);

export type RequestInit = {
  readonly method: string;
  /** Sent as given. */
  readonly uri: string;
  readonly from: NameAddr | string;
  readonly to: NameAddr | string;
  readonly callId: string;
  readonly cseq: number;
  /** Default 70. */
  readonly maxForwards?: number;
  /** Added in order after the mandatory ones. Via is the transport's to add. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: Buffer;
  readonly contentType?: string;
};

/** A request with its mandatory headers but Via. RFC 3261 §8.1.1. Throws HeaderFault on a value that would break it. */
export function createRequest(init: RequestInit): Request {
  const headers = new HeaderFields();
  headers.set('Max-Forwards', String(init.maxForwards ?? 70));
  headers.set('From', typeof init.from === 'string' ? init.from : formatNameAddr(init.from));
  headers.set('To', typeof init.to === 'string' ? init.to : formatNameAddr(init.to));
  headers.set('Call-ID', init.callId);
  headers.set('CSeq', `${init.cseq} ${init.method}`);
  if (init.headers !== undefined) for (const [name, value] of init.headers) headers.append(name, value);
  if (init.contentType !== undefined) headers.set('Content-Type', init.contentType);
  return new Request(init, headers, init.body ?? emptyBody);
}

export type ResponseInit = {
  /** Added to To where the request had none (not for 100). */
  readonly toTag?: string | undefined;
  readonly headers?: Iterable<readonly [name: string, value: string]> | undefined;
  readonly body?: Buffer | undefined;
  readonly contentType?: string | undefined;
};

/** A response with what RFC 3261 §8.2.6 and §12.1.1 copy from its request: Via, From, To, Call-ID, CSeq, Timestamp of a
 * 100, and Record-Route where it may make a dialog. */
export function createResponse(request: SipRequest, status: number, reason?: string, init?: ResponseInit): Response {
  const headers = new HeaderFields();
  const tagged = status === 100 || tagOf(request.to) !== undefined;
  headers.echo(request.headers as HeaderFields, status, tagged ? undefined : init?.toTag);
  if (init?.headers !== undefined) for (const [name, value] of init.headers) headers.append(name, value);
  if (init?.contentType !== undefined) headers.set('Content-Type', init.contentType);
  return new Response({ status, reason: reason ?? reasonPhrase(status) }, headers, init?.body ?? emptyBody);
}

/** The first line of a message. */
function startLine(message: SipMessage): string {
  const line =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  if (message.kind === 'request' && message.uri.includes(' '))
    throw new HeaderFault('Request-URI', 'has a space in it');
  return line;
}

/** The bytes of a message, with the Content-Length of its body. Throws HeaderFault rather than print what a peer would
 * read as something else. */
export function serialize(message: SipMessage): Buffer {
  const { body } = message;
  const headers = message.headers as HeaderFields;
  const head = `${startLine(message)}${headers.print()}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const length = Buffer.byteLength(head);
  const out = Buffer.allocUnsafe(length + body.length);
  out.write(head, 0, length === head.length ? 'latin1' : 'utf8');
  checkLines(out, length, headers.lines + 3);
  if (body.length > 0) body.copy(out, length);
  return out;
}

/** The last gate: as many lines as there are fields, and no other control character but tabs (attacks A5, D1). */
function checkLines(bytes: Buffer, end: number, expected: number): void {
  let lines = 0;
  for (let i = 0; i < end; i++) {
    const code = bytes[i]!;
    if (code >= 0x20 || code === 0x09) continue;
    if (code !== 0x0d || bytes[i + 1] !== 0x0a) throw new HeaderFault('message', 'has a control character in it');
    lines++;
    i++;
  }
  if (lines !== expected) throw new HeaderFault('message', 'has a line break inside a value');
}
