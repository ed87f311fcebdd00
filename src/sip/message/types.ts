/** The shapes of SIP on the wire once read. Headers keep their order and their exact values; what we do not know we
 * carry as it came. RFC 3261 §7. */

import type { HeaderKind } from './names.ts';

/** Parameters of a URI or header value in order; `true` for one without a value. Names are lower-case. */
export type Params = ReadonlyMap<string, string | true>;

/** A SIP, SIPS or tel URI. RFC 3261 §19.1, RFC 3966. Any other (`urn:service:sos`, `http:` …) is carried as `other`. */
export type SipUri = {
  readonly scheme: 'sip' | 'sips' | 'tel' | 'other';
  /** The whole text, of an `other` URI only. */
  readonly text?: string;
  /** User part, percent-decoded; of a tel URI the number. Absent when there is none. */
  readonly user?: string;
  readonly password?: string;
  /** Lower-case host name, IPv4 address or IPv6 address without brackets; '' for tel. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** The part after `?`, raw; undefined when absent. */
  readonly headers?: string;
};

/** From, To, Contact, Route and the like: `"Display" <uri>;param=value`. RFC 3261 §20.10. */
export type NameAddr = {
  readonly displayName?: string;
  readonly uri: SipUri;
  readonly params: Params;
};

/** RFC 3261 §20.42, RFC 3581. */
export type Via = {
  /** Upper-case: UDP, TCP, TLS, WS, WSS. */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
};

export type CSeq = { readonly number: number; readonly method: string };

/** A header by its name in any spelling or, which costs less, as one of those we know. */
export type HeaderName = string | HeaderKind;

/** An ordered multimap of header fields. Names are matched without case and with compact forms (`v` is `Via`).
 * Values are stored unfolded and trimmed. Comma-separated list headers (Via, Route, Contact …) are split into one value
 * each when read. */
export interface Headers {
  /** The first value, or undefined. */
  get(name: HeaderName): string | undefined;
  /** Every value, in order. */
  all(name: HeaderName): readonly string[];
  has(name: HeaderName): boolean;
  /** Is this token, given in lower case, in a list of tokens (Allow, Supported, Require …)? */
  lists(kind: HeaderKind, token: string): boolean;
  /** Replaces every value of this name with one; appends when there is none. */
  set(name: string, value: string): void;
  /** Adds after the last one. */
  append(name: string, value: string): void;
  /** Adds before the first one: Via of a request we forward. */
  prepend(name: string, value: string): void;
  delete(name: HeaderName): void;
  /** Replaces the first value only: the top Via. */
  replaceFirst(name: string, value: string): void;
  /** Removes the first value only: the top Via or Route. */
  removeFirst(name: string): void;
  entries(): IterableIterator<[name: string, value: string]>;
}

type Common = {
  readonly headers: Headers;
  body: Buffer;
  /** Top Via; read once, cached. */
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
};

export type SipRequest = Common & {
  readonly kind: 'request';
  readonly method: string;
  /** The Request-URI as it came. */
  uri: string;
};

export type SipResponse = Common & {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
};

export type SipMessage = SipRequest | SipResponse;

/** What is wrong with bytes that are not a message we accept. `status` is the answer a request deserves (RFC 3261
 * §8.2, §16.3), undefined when nothing can be answered and it is dropped. */
export type ParseFault = {
  readonly ok: false;
  readonly fault: string;
  readonly status?: number;
  /** Enough of the request to answer it with `status`, when there was enough. */
  readonly request?: SipRequest;
};

export type ParseResult = { readonly ok: true; readonly message: SipMessage } | ParseFault;
