/** Writes the INVITEs of one outgoing call, and their CANCEL. RFC 3261 §8.1.1, §9.1. */
import {
  defaultSessionTimer,
  type DialogHost,
  type InviteFacts,
  supportedOptions,
  withoutTimer,
} from '../dialog/index.ts';
import { HeaderFault, HeaderFields, headerKey, parseUri, quote, Request, type SipRequest } from '../message/index.ts';
import type { InviteOptions } from './types.ts';

const empty = Buffer.alloc(0);

/** A second one of these would be a second opinion about where the message goes or ends (attack D1). */
const single: ReadonlySet<string> = new Set(
  ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Max-Forwards', 'Content-Length', 'Content-Type'].map(headerKey),
);

export class InviteBuilder {
  cseq = 1;
  /** The Min-SE a 422 asked for. RFC 4028 §7.3. */
  minimum: number | undefined = undefined;
  readonly #options: InviteOptions;
  readonly #callId: string;
  readonly #tag: string;

  constructor(options: InviteOptions, callId: string, tag: string) {
    this.#options = options;
    this.#callId = callId;
    this.#tag = tag;
  }

  /** Throws HeaderFault on what would break the message. */
  build(host: DialogHost, contact: string): SipRequest {
    const { uri, from, to, route, sdp, sessionTimer } = this.#options;
    const headers = new HeaderFields();
    headers.append('Max-Forwards', String(this.#options.maxForwards ?? 70));
    if (route !== undefined) headers.append('Route', route.startsWith('<') ? route : `<${checked(route)}>`);
    const name = from.displayName === undefined || from.displayName === '' ? '' : `${quote(from.displayName)} `;
    headers.append('From', `${name}<${checked(from.uri)}>;tag=${this.#tag}`);
    // `uri` itself is checked below.
    headers.append('To', `<${to === undefined ? uri : checked(to)}>`);
    headers.append('Call-ID', this.#callId);
    headers.adopt('CSeq', 'CSeq', `${this.cseq} INVITE`);
    headers.append('Contact', contact);
    headers.adopt('User-Agent', 'User-Agent', host.userAgent);
    headers.adopt('Allow', 'Allow', this.#options.allow ?? host.allow);
    headers.adopt('Supported', 'Supported', sessionTimer === false ? withoutTimer : supportedOptions);
    if (sessionTimer !== false) {
      const seconds = Math.max(defaultSessionTimer.expires, this.minimum ?? 0);
      headers.append('Session-Expires', String(seconds));
      if (this.minimum !== undefined) headers.append('Min-SE', String(this.minimum));
    }
    for (const [header, value] of this.#options.headers ?? []) {
      if (single.has(headerKey(header))) throw new HeaderFault(header, 'is there already');
      headers.append(header, value);
    }
    if (sdp !== undefined) headers.set('Content-Type', 'application/sdp');
    return new Request({ method: 'INVITE', uri: checked(uri) }, headers, sdp ?? empty);
  }

  facts({ headers, uri }: SipRequest): InviteFacts {
    const authorization: Array<readonly [string, string]> = [];
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      const value = headers.get(name);
      if (value !== undefined) authorization.push([name, value]);
    }
    const from = headers.get('From') ?? '';
    return { callId: this.#callId, localTag: this.#tag, cseq: this.cseq, from, uri, authorization };
  }

  cancel(invite: SipRequest, reason: string | undefined): SipRequest {
    const headers = new HeaderFields();
    headers.append('Via', invite.headers.get('Via') ?? '');
    headers.append('Max-Forwards', '70');
    for (const route of invite.headers.all('Route')) headers.append('Route', route);
    headers.append('From', invite.headers.get('From') ?? '');
    headers.append('To', invite.headers.get('To') ?? '');
    headers.append('Call-ID', this.#callId);
    headers.append('CSeq', `${invite.cseq.number} CANCEL`);
    if (reason !== undefined) headers.append('Reason', reason);
    return new Request({ method: 'CANCEL', uri: invite.uri }, headers, empty);
  }
}

/** A URI goes between angle brackets and into the first line: it must be one, and only that. */
function checked(uri: string): string {
  if (parseUri(uri) === undefined || uri.includes('>') || uri.includes(' ')) throw new HeaderFault(uri, 'is not a URI');
  return uri;
}
