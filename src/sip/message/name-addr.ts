import {
  endOfQuoted,
  find,
  hasControl,
  isToken,
  quote,
  skipSpace,
  type Text,
  textOf,
  trimEnd,
  unquote,
} from './characters.ts';
import { HeaderFault } from './headers.ts';
import { formatParams, readParams } from './params.ts';
import { splitList } from './split.ts';
import type { NameAddr } from './types.ts';
import { formatUri, readUri } from './uri.ts';

/** Reads From, To, one Contact or Route. Undefined when it is none (`*` is none). RFC 3261 §20.10. */
export function parseNameAddr(text: string): NameAddr | undefined {
  return readNameAddr(textOf(text), 0, text.length);
}

/** Reads the address that fills text[start, end). */
export function readNameAddr(source: Text, start: number, end: number): NameAddr | undefined {
  const { bytes, text } = source;
  const at = skipSpace(bytes, start, end);
  if (at === end) return undefined;
  if (bytes[at] === 0x3c) return bracketed(source, at, end);
  if (bytes[at] === 0x22) {
    const close = endOfQuoted(bytes, at, end);
    if (close < 0) return undefined;
    const open = skipSpace(bytes, close, end);
    if (open === end || bytes[open] !== 0x3c) return undefined;
    return named(bracketed(source, open, end), unquote(text.slice(at, close)));
  }
  const open = find(bytes, 0x3c, at, end);
  if (open < 0) return bare(source, at, end);
  const nameEnd = trimEnd(bytes, at, open);
  for (let i = at; i < nameEnd; i++) {
    const code = bytes[i]!;
    // Quotes, commas and semicolons between words change where the value ends: peers would disagree.
    if (code === 0x22 || code === 0x2c || code === 0x3b || code === 0x3e || code === 0x5c) return undefined;
  }
  return named(bracketed(source, open, end), text.slice(at, nameEnd));
}

function bracketed(source: Text, open: number, end: number): NameAddr | undefined {
  const close = find(source.bytes, 0x3e, open, end);
  if (close < 0) return undefined;
  const uri = readUri(source, open + 1, close);
  if (uri === undefined) return undefined;
  const params = readParams(source, close + 1, end);
  return params === undefined ? undefined : { uri, params };
}

function named(address: NameAddr | undefined, displayName: string): NameAddr | undefined {
  if (address === undefined || displayName === '') return address;
  return { displayName, uri: address.uri, params: address.params };
}

/** An address without brackets: what follows `;` belongs to the header, and `?` and `,` may not be in it. */
function bare(source: Text, at: number, end: number): NameAddr | undefined {
  let i = at;
  for (; i < end; i++) {
    const code = source.bytes[i]!;
    if (code === 0x3b || code === 0x20 || code === 0x09) break;
    if (code === 0x3f || code === 0x2c) return undefined;
  }
  const uri = readUri(source, at, i);
  if (uri === undefined) return undefined;
  const params = readParams(source, i, end);
  return params === undefined ? undefined : { uri, params };
}

/** Reads a comma-separated list of them. Undefined when any is wrong. */
export function parseNameAddrs(text: string): NameAddr[] | undefined {
  const out: NameAddr[] = [];
  for (const part of splitList(text) ?? ['']) {
    const each = parseNameAddr(part);
    if (each === undefined) return undefined;
    out.push(each);
  }
  return out;
}

/** `"Display" <uri>;params`. Throws HeaderFault when the display name would break the line. */
export function formatNameAddr(address: NameAddr): string {
  const { displayName, uri, params } = address;
  const rest = `<${formatUri(uri)}>${params.size > 0 ? formatParams(params) : ''}`;
  if (displayName === undefined || displayName === '') return rest;
  if (hasControl(displayName)) throw new HeaderFault('display name', 'has a control character in its value');
  return `${isToken(displayName) ? displayName : quote(displayName)} ${rest}`;
}

/** The `tag` of a From or To. */
export function tagOf(address: NameAddr): string | undefined {
  const tag = address.params.get('tag');
  return tag === true ? undefined : tag;
}
