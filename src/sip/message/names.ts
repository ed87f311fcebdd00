/** How a header field behaves. */
export type HeaderKind = {
  /** The one spelling we print; of a header we do not know, its lower case. */
  readonly name: string;
  /** How its line begins in print, the line break before it included. */
  readonly label: string;
  /** In lower case, as applications are told. */
  readonly lower: string;
  /** `split`: one stored value an element (a message is routed by them). `tokens`: stored as it came, split when read.
   * `single`: a second one is an error. `text`: anything, commas mean nothing. */
  readonly kind: 'split' | 'tokens' | 'single' | 'text';
  /** Of a `single` one, its bit in a set of those seen; 0 of others. */
  readonly bit: number;
};

const split = ['Via:v', 'Route', 'Record-Route', 'Contact:m', 'Path', 'Service-Route'];
const tokens = [
  'Allow', 'Supported:k', 'Require', 'Proxy-Require', 'Unsupported', 'Allow-Events:u', 'Accept', 'Accept-Encoding',
  'Accept-Language', 'Content-Encoding:e', 'Content-Language', 'In-Reply-To', 'Accept-Contact:a', 'Reject-Contact:j',
  'P-Asserted-Identity', 'P-Preferred-Identity', 'Diversion', 'History-Info', 'Call-Info', 'Alert-Info', 'Error-Info', 'Reason', 'Privacy',
  'Security-Client', 'Security-Server', 'Security-Verify', 'Warning', 'P-Associated-URI', 'Recv-Info', 'Request-Disposition:d',
]; // prettier-ignore
const single = [
  'From:f', 'To:t', 'Call-ID:i', 'CSeq', 'Max-Forwards', 'Content-Length:l', 'Content-Type:c', 'Expires', 'Min-Expires',
  'Session-Expires:x', 'Min-SE', 'RSeq', 'RAck', 'Replaces', 'Refer-To:r', 'Referred-By:b', 'Event:o', 'Subscription-State',
]; // prettier-ignore
const text = [
  'Authorization', 'Proxy-Authorization', 'WWW-Authenticate', 'Proxy-Authenticate', 'Authentication-Info', 'Date', 'Subject:s',
  'User-Agent', 'Server', 'Organization', 'Priority', 'Timestamp', 'Retry-After', 'MIME-Version', 'Content-Disposition',
  'Reply-To', 'Join', 'Refer-Sub', 'Target-Dialog', 'Identity:y', 'Geolocation', 'SIP-ETag', 'SIP-If-Match', 'Info-Package',
  'P-Access-Network-Info', 'P-Charging-Vector', 'P-Called-Party-ID', 'Remote-Party-ID', 'Answer-Mode', 'Max-Breadth',
  'User-to-User', 'Session-ID', 'X-Graine-Source',
]; // prettier-ignore

type Row = { readonly spelling: string; readonly kind: HeaderKind };
const SLOTS = 1024;
const table: Array<Row | undefined> = Array.from({ length: SLOTS });
const bySpelling = new Map<string, HeaderKind>();
let count = 0;

/** Spreads the known names over the table by length, first, middle and last letter, without regard to case. */
function slotOf(length: number, first: number, middle: number, last: number): number {
  return (length * 73 + (first | 0x20) * 41 + (middle | 0x20) * 13 + (last | 0x20) * 7) & (SLOTS - 1);
}

function place(spelling: string, kind: HeaderKind): void {
  const lower = spelling.toLowerCase();
  for (const each of [spelling, lower, spelling.toUpperCase()]) bySpelling.set(each, kind);
  const { length } = lower;
  let slot = slotOf(length, lower.charCodeAt(0), lower.charCodeAt(length >> 1), lower.charCodeAt(length - 1));
  while (table[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
  table[slot] = { spelling: lower, kind };
}

/** The same text as the engine keeps of names in code: one such is told from another by where it is, not letter by letter. */
function interned(text: string): string {
  return Object.keys({ [text]: 0 })[0]!;
}

for (const [kind, list] of Object.entries({ split, tokens, single, text })) {
  for (const entry of list) {
    const [spelling = '', compact] = entry.split(':');
    const name = interned(spelling);
    const lower = interned(name.toLowerCase());
    const bit = kind === 'single' ? 1 << count++ : 0;
    const row: HeaderKind = { name, label: `\r\n${name}: `, lower, kind: kind as HeaderKind['kind'], bit };
    place(name, row);
    if (compact !== undefined) place(compact, row);
  }
}

function sameSpelling(lower: string, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < lower.length; i++) if ((bytes[at + i]! | 0x20) !== lower.charCodeAt(i)) return false;
  return true;
}

/** The known header named by bytes[at, end); undefined for others. */
export function knownAt(bytes: Buffer, at: number, end: number): HeaderKind | undefined {
  const length = end - at;
  let slot = slotOf(length, bytes[at]!, bytes[at + (length >> 1)]!, bytes[end - 1]!);
  for (;;) {
    const row = table[slot];
    if (row === undefined) return undefined;
    if (row.spelling.length === length && sameSpelling(row.spelling, bytes, at)) return row.kind;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

/** The known header of this name in any case or compact form; undefined for one we carry as it came. */
export function knownHeader(name: string): HeaderKind | undefined {
  return bySpelling.get(name) ?? bySpelling.get(name.toLowerCase());
}

/** How a header of this name behaves: those we know are one object each, which tells them apart. */
export function kindOf(name: string): HeaderKind {
  return knownHeader(name) ?? unknownKind(name);
}

/** One that we carry as it came, in its own spelling. */
export function unknownKind(name: string): HeaderKind {
  const lower = name.toLowerCase();
  return { name: lower, label: `\r\n${name}: `, lower, kind: 'text', bit: 0 };
}

/** What names are compared by: `Via` for `v`, `via`, `VIA`; lower case for unknown ones. */
export function headerKey(name: string): string {
  return knownHeader(name)?.name ?? name.toLowerCase();
}

/** The name in lower case, `via` for `v` too. */
export function lowerName(name: string): string {
  return knownHeader(name)?.lower ?? name.toLowerCase();
}

function ours(name: string): HeaderKind {
  const kind = knownHeader(name);
  if (kind === undefined) throw new TypeError(`${name} is no known header`);
  return kind;
}

/** Those we write ourselves, or look for in every message. */
export const header = {
  via: ours('Via'),
  maxForwards: ours('Max-Forwards'),
  route: ours('Route'),
  recordRoute: ours('Record-Route'),
  from: ours('From'),
  to: ours('To'),
  callId: ours('Call-ID'),
  cseq: ours('CSeq'),
  contact: ours('Contact'),
  userAgent: ours('User-Agent'),
  allow: ours('Allow'),
  supported: ours('Supported'),
  require: ours('Require'),
  recvInfo: ours('Recv-Info'),
  sessionExpires: ours('Session-Expires'),
  minSe: ours('Min-SE'),
  contentType: ours('Content-Type'),
  contentLength: ours('Content-Length'),
  timestamp: ours('Timestamp'),
  accept: ours('Accept'),
  replaces: ours('Replaces'),
  reason: ours('Reason'),
  authorization: ours('Authorization'),
  proxyAuthorization: ours('Proxy-Authorization'),
  source: ours('X-Graine-Source'),
} as const;
