import { createHash, timingSafeEqual } from 'node:crypto';
import { endOfQuoted, hasControl, quote, skipSpace, span, textOf, TOKEN, unquote } from './characters.ts';
import { HeaderFault } from './headers.ts';

/** What we can compute. RFC 7616 §3.2, RFC 8760. */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';

/** A WWW-Authenticate or Proxy-Authenticate. RFC 3261 §22, RFC 7616 §3.3. */
export type Challenge = {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque?: string;
  /** `auth` offered; without any qop the old RFC 2069 form is used. */
  readonly qop: boolean;
  /** The nonce was old, the password may be right: try again with this one. */
  readonly stale?: boolean;
};

/** An Authorization or Proxy-Authorization as it came. RFC 7616 §3.4. */
export type DigestCredentials = {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower-case hex. */
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque?: string;
  /** Present when qop=auth was used, all three together. */
  readonly qop?: { readonly cnonce: string; readonly nc: number };
};

const algorithms: Readonly<Record<string, DigestAlgorithm>> = {
  md5: 'MD5',
  'md5-sess': 'MD5-sess',
  'sha-256': 'SHA-256',
  'sha-256-sess': 'SHA-256-sess',
};

function algorithmOf(name: string | undefined): DigestAlgorithm | undefined {
  return name === undefined ? 'MD5' : algorithms[name.toLowerCase()];
}

/** Reads `Digest name=value, name="value"`. Undefined for another scheme, bad syntax, or a name that comes twice. */
function readAuth(text: string): Map<string, string> | undefined {
  const { bytes } = textOf(text);
  const end = text.length;
  let at = skipSpace(bytes, 0, end);
  if (text.slice(at, at + 6).toLowerCase() !== 'digest') return undefined;
  const first = skipSpace(bytes, at + 6, end);
  if (first === at + 6) return undefined;
  const out = new Map<string, string>();
  at = first;
  for (;;) {
    const nameEnd = span(bytes, at, end, TOKEN);
    const equals = skipSpace(bytes, nameEnd, end);
    if (nameEnd === at || bytes[equals] !== 0x3d) return undefined;
    const valueAt = skipSpace(bytes, equals + 1, end);
    const valueEnd = bytes[valueAt] === 0x22 ? endOfQuoted(bytes, valueAt, end) : span(bytes, valueAt, end, TOKEN);
    const name = text.slice(at, nameEnd).toLowerCase();
    if (valueEnd <= valueAt || out.has(name)) return undefined;
    out.set(name, unquote(text.slice(valueAt, valueEnd)));
    at = skipSpace(bytes, valueEnd, end);
    if (at === end) return out;
    if (bytes[at] !== 0x2c) return undefined;
    at = skipSpace(bytes, at + 1, end);
  }
}

/** Undefined when it is not Digest, malformed, or asks what we cannot do (other algorithms, qop without `auth`). */
export function parseChallenge(text: string): Challenge | undefined {
  const fields = readAuth(text);
  const realm = fields?.get('realm');
  const nonce = fields?.get('nonce');
  const algorithm = algorithmOf(fields?.get('algorithm'));
  if (fields === undefined || realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const qops = fields.get('qop')?.toLowerCase().split(',');
  if (qops !== undefined && !qops.some((qop) => qop.trim() === 'auth')) return undefined;
  const opaque = fields.get('opaque');
  const stale = fields.get('stale')?.toLowerCase() === 'true';
  return { realm, nonce, algorithm, qop: qops !== undefined, stale, ...(opaque === undefined ? {} : { opaque }) };
}

/** Of several challenges the one to answer: the strongest we can compute. */
export function chooseChallenge(values: readonly string[]): Challenge | undefined {
  const offers = values.map(parseChallenge).filter((each) => each !== undefined);
  return offers.find((each) => each.algorithm.startsWith('SHA-256')) ?? offers[0];
}

export function formatChallenge(challenge: Challenge): string {
  const { realm, nonce, algorithm, opaque, qop, stale } = challenge;
  let out = `Digest realm=${safe(realm)}, nonce=${safe(nonce)}, algorithm=${algorithm}`;
  if (opaque !== undefined) out += `, opaque=${safe(opaque)}`;
  if (qop) out += ', qop="auth"';
  return stale === true ? `${out}, stale=true` : out;
}

/** Undefined when it is not Digest, malformed, or uses what we did not offer. Never trust more of it than it proves. */
export function parseCredentials(text: string): DigestCredentials | undefined {
  const fields = readAuth(text);
  if (fields === undefined) return undefined;
  const username = fields.get('username');
  const realm = fields.get('realm');
  const nonce = fields.get('nonce');
  const uri = fields.get('uri');
  const response = fields.get('response')?.toLowerCase();
  const algorithm = algorithmOf(fields.get('algorithm'));
  if (username === undefined || realm === undefined || nonce === undefined) return undefined;
  if (uri === undefined || response === undefined || algorithm === undefined) return undefined;
  const opaque = fields.get('opaque');
  const base = { username, realm, nonce, uri, response, algorithm, ...(opaque === undefined ? {} : { opaque }) };
  const qop = fields.get('qop');
  if (qop === undefined) return base;
  const cnonce = fields.get('cnonce');
  const nc = readNonceCount(fields.get('nc'));
  if (qop.toLowerCase() !== 'auth' || cnonce === undefined || nc < 0) return undefined;
  return { ...base, qop: { cnonce, nc } };
}

/** Eight hex digits; -1 otherwise. RFC 7616 §3.4. */
function readNonceCount(text: string | undefined): number {
  return text !== undefined && /^[0-9a-f]{8}$/i.test(text) ? Number.parseInt(text, 16) : -1;
}

export type DigestInput = {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  /** Or the stored hash of `username:realm:password` (not for -sess peers that keep no password). */
  readonly secret: { readonly password: string } | { readonly ha1: string };
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly qop?: { readonly cnonce: string; readonly nc: number };
};

/** The value of `response`: RFC 7616 §3.4.1. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, username, realm, secret, nonce, qop } = input;
  const name = algorithm.startsWith('MD5') ? 'md5' : 'sha256';
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  let ha1 = 'ha1' in secret ? secret.ha1 : hash(`${username}:${realm}:${secret.password}`);
  if (algorithm.endsWith('-sess')) ha1 = hash(`${ha1}:${nonce}:${qop?.cnonce ?? ''}`);
  const ha2 = hash(`${input.method}:${input.uri}`);
  if (qop === undefined) return hash(`${ha1}:${nonce}:${ha2}`);
  return hash(`${ha1}:${nonce}:${formatNonceCount(qop.nc)}:${qop.cnonce}:auth:${ha2}`);
}

function formatNonceCount(nc: number): string {
  return nc.toString(16).padStart(8, '0');
}

export type AuthorizationInput = {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  /** The Request-URI as sent. */
  readonly uri: string;
  /** Counts the uses of this nonce, from 1. */
  readonly nc: number;
  /** Fresh and random; used with qop or -sess only. */
  readonly cnonce: string;
};

/** The Authorization (or Proxy-Authorization) that answers a challenge. */
export function authorizationFor(challenge: Challenge, request: AuthorizationInput): string {
  const { realm, nonce, algorithm, opaque } = challenge;
  const { username, password, method, uri, nc, cnonce } = request;
  const counted = challenge.qop || algorithm.endsWith('-sess');
  const input = { algorithm, username, realm, method, uri, nonce, secret: { password } };
  const response = digestResponse(counted ? { ...input, qop: { cnonce, nc } } : input);
  let out = `Digest username=${safe(username)}, realm=${safe(realm)}, nonce=${safe(nonce)}, uri=${safe(uri)}, response="${response}", algorithm=${algorithm}`;
  if (counted) out += `, cnonce=${safe(cnonce)}, qop=auth, nc=${formatNonceCount(nc)}`;
  return opaque === undefined ? out : `${out}, opaque=${safe(opaque)}`;
}

function safe(value: string): string {
  if (hasControl(value)) throw new HeaderFault('digest value', 'has a control character in it');
  return quote(value);
}

/** Compares two secrets in time that depends on neither (attack C1). */
export function sameSecret(a: string, b: string): boolean {
  const x = createHash('sha256').update(a).digest();
  const y = createHash('sha256').update(b).digest();
  return timingSafeEqual(x, y);
}
