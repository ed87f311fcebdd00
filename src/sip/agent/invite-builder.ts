/** Writes the INVITEs of one outgoing call, and their CANCEL. RFC 3261 §8.1.1, §9.1. */
import { type DialogHost, type InviteFacts, infoPackages, supportedOptions, withoutTimer } from '../dialog/index.ts';
import {
  header,
  HeaderFault,
  HeaderFields,
  headerKey,
  parseUri,
  quote,
  Request,
  type SipRequest,
} from '../message/index.ts';
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
    headers.own(header.via, '');
    headers.own(header.maxForwards, String(this.#options.maxForwards ?? 70));
    if (route !== undefined) headers.append('Route', route.startsWith('<') ? route : `<${checked(route)}>`);
    const shown = from.displayName === undefined || from.displayName === '' ? '' : `${quote(from.displayName)} `;
    headers.append('From', `${shown}<${checked(from.uri)}>;tag=${this.#tag}`);
    // `uri` itself is checked below.
    headers.append('To', `<${to === undefined ? uri : checked(to)}>`);
    headers.own(header.callId, this.#callId);
    headers.own(header.cseq, `${this.cseq} INVITE`);
    headers.own(header.contact, contact);
    headers.own(header.userAgent, host.userAgent);
    headers.own(header.allow, this.#options.allow ?? host.allow);
    headers.own(header.supported, sessionTimer === false ? withoutTimer : supportedOptions);
    headers.own(header.recvInfo, infoPackages);
    if (sessionTimer !== false) {
      const seconds = Math.max(host.sessionTimer.expires, this.minimum ?? 0);
      headers.own(header.sessionExpires, String(seconds));
      if (this.minimum !== undefined) headers.own(header.minSe, String(this.minimum));
    }
    for (const [name, value] of this.#options.headers ?? []) {
      if (single.has(headerKey(name))) throw new HeaderFault(name, 'is there already');
      headers.append(name, value);
    }
    if (sdp !== undefined) headers.own(header.contentType, 'application/sdp');
    return new Request({ method: 'INVITE', uri: checked(uri) }, headers, sdp ?? empty);
  }

  facts({ headers, uri }: SipRequest, provedHost: string | undefined): InviteFacts {
    const authorization: Array<readonly [string, string]> = [];
    for (const kind of [header.authorization, header.proxyAuthorization]) {
      const value = headers.get(kind);
      if (value !== undefined) authorization.push([kind.name, value]);
    }
    const from = headers.get(header.from) ?? '';
    return { callId: this.#callId, localTag: this.#tag, cseq: this.cseq, from, uri, authorization, provedHost };
  }

  cancel(invite: SipRequest, reason: string | undefined): SipRequest {
    const headers = new HeaderFields();
    headers.own(header.via, invite.headers.get(header.via) ?? '');
    headers.own(header.maxForwards, '70');
    for (const route of invite.headers.all(header.route)) headers.own(header.route, route);
    headers.own(header.from, invite.headers.get(header.from) ?? '');
    headers.own(header.to, invite.headers.get(header.to) ?? '');
    headers.own(header.callId, this.#callId);
    headers.own(header.cseq, `${invite.cseq.number} CANCEL`);
    if (reason !== undefined) headers.append('Reason', reason);
    return new Request({ method: 'CANCEL', uri: invite.uri }, headers, empty);
  }
}

/** A URI goes between angle brackets and into the first line: it must be one, and only that. */
function checked(uri: string): string {
  if (parseUri(uri) === undefined || uri.includes('>') || uri.includes(' ')) throw new HeaderFault(uri, 'is not a URI');
  return uri;
}
