/** A request an application sends inside a leg's dialog: INFO, MESSAGE, NOTIFY and the like. What changes the dialog or its
 * media is Graine's own to send. */
import { printable } from '../base/index.ts';
import { headerValueFault, isToken } from '../sip/message/index.ts';
import type { Leg } from './leg.ts';

export type SipRequestSpec = {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
};
export type SipRequestResult =
  | { readonly ok: true; readonly status: number; readonly reason: string }
  | { readonly ok: false; readonly fault: string };

/** They make, end or change the dialog, or have a verb of their own. */
const reserved = new Set(['ACK', 'BYE', 'CANCEL', 'INVITE', 'PRACK', 'REFER', 'REGISTER', 'SUBSCRIBE', 'UPDATE']);
const MAX_BODY = 16_384;
const MAX_HEADERS = 50;

/** The fault of a request that may not be sent; undefined when it may. */
export function sipRequestFault({ method, contentType, body, headers }: SipRequestSpec): string | undefined {
  const name = method.toUpperCase();
  if (!isToken(method) || method.length > 32) return 'method: expected a SIP method such as INFO or MESSAGE';
  if (reserved.has(name))
    return `method: ${name} is not for applications to send; use INFO, MESSAGE, NOTIFY or OPTIONS`;
  if (body !== undefined && Buffer.byteLength(body) > MAX_BODY) return `body: at most ${MAX_BODY} bytes`;
  if (contentType !== undefined && !/^[\w.+-]+\/[\w.+-]+(;[\x20-\x7e]*)?$/.test(contentType))
    return 'content type: expected one such as application/json';
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) return `headers: at most ${MAX_HEADERS}`;
  for (const [header, value] of entries) {
    const fault = headerValueFault(header, String(value));
    if (fault !== undefined) return `headers.${printable(header, 40)} ${fault}`;
  }
  return undefined;
}

/** Resolves with the far end's final response. */
export async function sendSipRequest(leg: Leg, spec: SipRequestSpec): Promise<SipRequestResult> {
  const fault = sipRequestFault(spec);
  if (fault !== undefined) return { ok: false, fault };
  const { dialog } = leg;
  if (dialog === undefined || leg.state !== 'in-progress')
    return { ok: false, fault: `the call is ${leg.status}; a request inside it needs an answered call` };
  const { contentType = 'text/plain', body } = spec;
  const response = await dialog.request(spec.method.toUpperCase(), {
    ownUsage: true,
    headers: Object.entries(spec.headers).map(([name, value]) => [name, String(value)] as const),
    ...(body === undefined ? {} : { contentType, body: Buffer.from(body) }),
  });
  leg.note('sip.request', { method: spec.method.toUpperCase(), status: response.status });
  return { ok: true, status: response.status, reason: response.reason };
}
