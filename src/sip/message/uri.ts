import { isIPv6 } from 'node:net';
import {
  every,
  find,
  HEX,
  HOST,
  is,
  PASSWORD,
  readDigits,
  span,
  type Text,
  textOf,
  URI_HEADER,
  USER,
} from './characters.ts';
import { formatUriParams, noParams, readUriParams } from './params.ts';
import type { Params, SipUri } from './types.ts';

/** URIs read lately: a call reads each of its own two or three times. Bounded, since anybody may send us URIs. */
let known = new Map<string, SipUri>();
const mostKnown = 500;
const longestKnown = 200;

/** Reads a URI, the whole text of it. Undefined when it is none. RFC 3261 §19.1, RFC 3966. */
export function parseUri(text: string): SipUri | undefined {
  const before = known.get(text);
  if (before !== undefined) return before;
  const uri = readUri(textOf(text), 0, text.length);
  if (uri === undefined || text.length > longestKnown) return uri;
  if (known.size >= mostKnown) known = new Map();
  known.set(text, uri);
  return uri;
}

/** Reads the URI that fills text[at, end). */
export function readUri(source: Text, at: number, end: number): SipUri | undefined {
  const { bytes, text } = source;
  const colon = find(bytes, 0x3a, at, end);
  if (colon <= at) return undefined;
  const length = colon - at;
  if (length === 3 && letter(bytes, at) === 0x73 && letter(bytes, at + 1) === 0x69 && letter(bytes, at + 2) === 0x70) {
    return readSip(source, colon + 1, end, 'sip');
  }
  const scheme = length > 4 ? '' : text.slice(at, colon).toLowerCase();
  if (scheme === 'sips') return readSip(source, colon + 1, end, 'sips');
  if (scheme === 'tel') return readTel(source, colon + 1, end);
  return readOther(source, at, colon, end);
}

function letter(bytes: Uint8Array, at: number): number {
  return bytes[at]! | 0x20;
}

/** Where a host and port end and what they are; kept between calls because JavaScript returns one value. */
let hostAt = 0;
let hostEnd = 0;
let portNumber = -1;
let after = -1;

/** Reads `host[:port]` at `at`. False when it is none. Leaves its parts in this module until the next call. */
function walkHostPort({ bytes, text }: Text, at: number, end: number): boolean {
  portNumber = -1;
  if (bytes[at] === 0x5b) {
    const close = find(bytes, 0x5d, at, end);
    if (close < 0 || !isIPv6(text.slice(at + 1, close))) return false;
    hostAt = at + 1;
    hostEnd = close;
    after = close + 1;
  } else {
    hostAt = at;
    after = span(bytes, at, end, HOST);
    hostEnd = after;
    if (after === at) return false;
  }
  if (after < end && bytes[after] === 0x3a) {
    const portAt = after + 1;
    after = span(bytes, portAt, end, HEX);
    portNumber = readDigits(bytes, portAt, after, 65535);
    if (portNumber < 0) return false;
  }
  return true;
}

export type HostPort = { readonly host: string; readonly port: number | undefined; readonly end: number };

/** Reads `host[:port]`: a host in lower case, without brackets. `end` is where it ends. */
export function readHostPort(source: Text, at: number, end: number): HostPort | undefined {
  if (!walkHostPort(source, at, end)) return undefined;
  const host = source.text.slice(hostAt, hostEnd).toLowerCase();
  return { host, port: portNumber < 0 ? undefined : portNumber, end: after };
}

type UserInfo = { readonly user?: string; readonly password?: string };
const nobody: UserInfo = {};

function readSip(source: Text, start: number, end: number, scheme: 'sip' | 'sips'): SipUri | undefined {
  const { bytes, text } = source;
  const sign = find(bytes, 0x40, start, end);
  const who = sign < 0 ? nobody : readUser(source, start, sign);
  if (who === undefined || !walkHostPort(source, sign < 0 ? start : sign + 1, end)) return undefined;
  const host = text.slice(hostAt, hostEnd).toLowerCase();
  const port = portNumber < 0 ? undefined : portNumber;
  const at = after;
  if (at === end) return sipUri(scheme, who, { host, port }, noParams);
  const question = find(bytes, 0x3f, at, end);
  const params = readUriParams(source, at, question < 0 ? end : question);
  if (params === undefined) return undefined;
  const uri = sipUri(scheme, who, { host, port }, params);
  if (question < 0) return uri;
  if (span(bytes, question + 1, end, URI_HEADER) !== end) return undefined;
  return { ...uri, headers: text.slice(question + 1, end) };
}

/** In one go, whatever it has: an object that is added to is laid out anew. */
function sipUri(
  scheme: 'sip' | 'sips',
  { user, password }: UserInfo,
  { host, port }: { readonly host: string; readonly port: number | undefined },
  params: Params,
): SipUri {
  if (user === undefined) return port === undefined ? { scheme, host, params } : { scheme, host, port, params };
  const uri = port === undefined ? { scheme, user, host, params } : { scheme, user, host, port, params };
  return password === undefined ? uri : { ...uri, password };
}

function readUser({ bytes, text }: Text, at: number, end: number): UserInfo | undefined {
  const userEnd = span(bytes, at, end, USER);
  if (userEnd === at) return undefined;
  const user = unescapeUri(text.slice(at, userEnd));
  if (user === undefined) return undefined;
  if (userEnd === end) return { user };
  if (bytes[userEnd] !== 0x3a || span(bytes, userEnd + 1, end, PASSWORD) !== end) return undefined;
  const password = unescapeUri(text.slice(userEnd + 1, end));
  return password === undefined ? undefined : { user, password };
}

const visual = new Set('-.()');

/** A tel URI: digits with visual separators, kept as they came. RFC 3966 §3. */
function readTel(source: Text, at: number, end: number): SipUri | undefined {
  let semicolon = find(source.bytes, 0x3b, at, end);
  if (semicolon < 0) semicolon = end;
  const number = source.text.slice(at, semicolon);
  const first = number.startsWith('+') ? 1 : 0;
  let digits = 0;
  for (let i = first; i < number.length; i++) {
    const code = number.charCodeAt(i);
    if (visual.has(number[i]!)) continue;
    if (!is(code, HEX) && code !== 0x2a && code !== 0x23) return undefined;
    digits++;
  }
  if (digits === 0) return undefined;
  const params = semicolon === end ? noParams : readUriParams(source, semicolon, end);
  return params === undefined ? undefined : { scheme: 'tel', user: number, host: '', params };
}

function readOther({ bytes, text }: Text, at: number, colon: number, end: number): SipUri | undefined {
  const first = letter(bytes, at);
  if (first < 0x61 || first > 0x7a || colon + 1 >= end) return undefined;
  for (let i = at; i < end; i++) {
    const code = bytes[i]!;
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code >= 0x7f) return undefined;
  }
  return { scheme: 'other', text: text.slice(at, end), host: '', params: noParams };
}

/** Percent-decodes. Undefined where `%` is not followed by two hex digits. Bytes that are not UTF-8 become U+FFFD. */
export function unescapeUri(text: string): string | undefined {
  if (!text.includes('%')) return text;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 0x25) {
      if (!is(text.charCodeAt(i + 1), HEX) || !is(text.charCodeAt(i + 2), HEX)) return undefined;
      code = Number.parseInt(text.slice(i + 1, i + 3), 16);
      i += 2;
    }
    bytes[length++] = code;
  }
  return bytes.toString('utf8', 0, length);
}

function escapeUri(text: string, mask: number): string {
  if (every(text, mask) && !text.includes('%') && !text.includes('#')) return text;
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    if (is(byte, mask) && byte !== 0x25 && byte !== 0x23) out += String.fromCharCode(byte);
    else out += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return out;
}

/** A host as it stands in a URI or Via: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function formatUri(uri: SipUri): string {
  if (uri.scheme === 'other') return uri.text ?? '';
  if (uri.scheme === 'tel') return `tel:${uri.user ?? ''}${formatUriParams(uri.params)}`;
  let out = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    out += escapeUri(uri.user, USER);
    if (uri.password !== undefined) out += `:${escapeUri(uri.password, PASSWORD)}`;
    out += '@';
  }
  out += formatHost(uri.host);
  if (uri.port !== undefined) out += `:${uri.port}`;
  if (uri.params.size > 0) out += formatUriParams(uri.params);
  return uri.headers === undefined ? out : `${out}?${uri.headers}`;
}
