import { isIPv6 } from 'node:net';
import { HEX, HOST, is, PASSWORD, readUint, span, URI_HEADER, USER } from './characters.ts';
import { formatUriParams, noParams, walkUriParams } from './params.ts';
import type { Params, SipUri } from './types.ts';

/** Reads a URI, the whole text of it. Undefined when it is none. RFC 3261 §19.1, RFC 3966. */
export function parseUri(text: string): SipUri | undefined {
  return readUri(text, 0, text.length);
}

/** Reads the URI that fills text[at, end). */
export function readUri(text: string, at: number, end: number): SipUri | undefined {
  const colon = text.indexOf(':', at);
  if (colon <= at || colon >= end) return undefined;
  const length = colon - at;
  const s = text.charCodeAt(at) | 0x20;
  if (length === 3 && s === 0x73 && lower(text, at + 1) === 0x69 && lower(text, at + 2) === 0x70) {
    return readSip(text, colon + 1, end, 'sip');
  }
  if (length > 4) return readOther(text, at, colon, end);
  const scheme = text.slice(at, colon).toLowerCase();
  if (scheme === 'sips') return readSip(text, colon + 1, end, 'sips');
  if (scheme === 'tel') return readTel(text, colon + 1, end);
  return readOther(text, at, colon, end);
}

function lower(text: string, at: number): number {
  return text.charCodeAt(at) | 0x20;
}

/** Where a host and port end and what they are; kept between calls because JavaScript returns one value. */
let hostAt = 0;
let hostEnd = 0;
let portNumber = -1;
let after = -1;

/** Reads `host[:port]` at `at`. False when it is none. Leaves its parts in this module until the next call. */
function walkHostPort(text: string, at: number, end: number): boolean {
  portNumber = -1;
  if (text.charCodeAt(at) === 0x5b) {
    const close = text.indexOf(']', at);
    if (close < 0 || close >= end || !isIPv6(text.slice(at + 1, close))) return false;
    hostAt = at + 1;
    hostEnd = close;
    after = close + 1;
  } else {
    hostAt = at;
    after = span(text, at, end, HOST);
    hostEnd = after;
    if (after === at) return false;
  }
  if (after < end && text.charCodeAt(after) === 0x3a) {
    const portAt = after + 1;
    after = portAt;
    while (after < end && is(text.charCodeAt(after), HEX)) after++;
    portNumber = readUint(text, portAt, after, 65535);
    if (portNumber < 0) return false;
  }
  return true;
}

export type HostPort = { readonly host: string; readonly port: number | undefined; readonly end: number };

/** Reads `host[:port]`: a host in lower case, without brackets. `end` is where it ends. */
export function readHostPort(text: string, at: number, end: number): HostPort | undefined {
  if (!walkHostPort(text, at, end)) return undefined;
  const host = text.slice(hostAt, hostEnd).toLowerCase();
  return { host, port: portNumber < 0 ? undefined : portNumber, end: after };
}

type Draft = {
  scheme: SipUri['scheme'];
  user?: string;
  password?: string;
  host: string;
  port?: number;
  params: Params;
  headers?: string;
};

function readSip(text: string, start: number, end: number, scheme: 'sip' | 'sips'): SipUri | undefined {
  const uri: Draft = { scheme, host: '', params: noParams };
  let at = start;
  const sign = text.indexOf('@', start);
  if (sign >= 0 && sign < end) {
    if (!readUser(text, start, sign, uri)) return undefined;
    at = sign + 1;
  }
  if (!walkHostPort(text, at, end)) return undefined;
  uri.host = text.slice(hostAt, hostEnd).toLowerCase();
  if (portNumber >= 0) uri.port = portNumber;
  at = after;
  if (at === end) return uri;
  let paramsEnd = text.indexOf('?', at);
  if (paramsEnd < 0 || paramsEnd >= end) paramsEnd = end;
  else {
    if (span(text, paramsEnd + 1, end, URI_HEADER) !== end) return undefined;
    uri.headers = text.slice(paramsEnd + 1, end);
  }
  if (paramsEnd > at) {
    const params = new Map<string, string | true>();
    if (!walkUriParams(text, at, paramsEnd, params)) return undefined;
    uri.params = params;
  }
  return uri;
}

function readUser(text: string, at: number, end: number, uri: Draft): boolean {
  const userEnd = span(text, at, end, USER);
  if (userEnd === at) return false;
  const user = unescapeUri(text.slice(at, userEnd));
  if (user === undefined) return false;
  uri.user = user;
  if (userEnd === end) return true;
  if (text.charCodeAt(userEnd) !== 0x3a || span(text, userEnd + 1, end, PASSWORD) !== end) return false;
  const password = unescapeUri(text.slice(userEnd + 1, end));
  if (password === undefined) return false;
  uri.password = password;
  return true;
}

const visual = new Set('-.()');

/** A tel URI: digits with visual separators, kept as they came. RFC 3966 §3. */
function readTel(text: string, at: number, end: number): SipUri | undefined {
  let semicolon = text.indexOf(';', at);
  if (semicolon < 0 || semicolon > end) semicolon = end;
  const number = text.slice(at, semicolon);
  const first = number.startsWith('+') ? 1 : 0;
  let digits = 0;
  for (let i = first; i < number.length; i++) {
    const code = number.charCodeAt(i);
    if (visual.has(number[i]!)) continue;
    if (!is(code, HEX) && code !== 0x2a && code !== 0x23) return undefined;
    digits++;
  }
  if (digits === 0) return undefined;
  if (semicolon === end) return { scheme: 'tel', user: number, host: '', params: noParams };
  const params = new Map<string, string | true>();
  if (!walkUriParams(text, semicolon, end, params)) return undefined;
  return { scheme: 'tel', user: number, host: '', params };
}

function readOther(text: string, at: number, colon: number, end: number): SipUri | undefined {
  const first = text.charCodeAt(at) | 0x20;
  if (first < 0x61 || first > 0x7a || colon + 1 >= end) return undefined;
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
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
  const safe = span(text, 0, text.length, mask);
  if (safe === text.length && !text.includes('%') && !text.includes('#')) return text;
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
