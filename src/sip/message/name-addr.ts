import { endOfQuoted, hasControl, isToken, quote, skipSpace, trimEnd, unquote } from './characters.ts';
import { HeaderFault } from './headers.ts';
import { formatParams, readParams } from './params.ts';
import { splitList } from './split.ts';
import type { NameAddr } from './types.ts';
import { formatUri, readUri } from './uri.ts';

/** Reads From, To, one Contact or Route: all of text[start, end). Undefined when it is none (`*` is none).
 * RFC 3261 §20.10. */
export function parseNameAddr(text: string, start = 0, end = text.length): NameAddr | undefined {
  const at = skipSpace(text, start, end);
  if (at === end) return undefined;
  const first = text.charCodeAt(at);
  if (first === 0x3c) return bracketed(text, at, end);
  if (first === 0x22) {
    const close = endOfQuoted(text, at, end);
    if (close < 0) return undefined;
    const open = skipSpace(text, close, end);
    if (open === end || text.charCodeAt(open) !== 0x3c) return undefined;
    return named(bracketed(text, open, end), unquote(text.slice(at, close)));
  }
  const open = find(text, 0x3c, at, end);
  if (open < 0) return bare(text, at, end);
  const nameEnd = trimEnd(text, at, open);
  for (let i = at; i < nameEnd; i++) {
    const code = text.charCodeAt(i);
    // Quotes, commas and semicolons between words change where the value ends: peers would disagree.
    if (code === 0x22 || code === 0x2c || code === 0x3b || code === 0x3e || code === 0x5c) return undefined;
  }
  return named(bracketed(text, open, end), text.slice(at, nameEnd));
}

function find(text: string, wanted: number, at: number, end: number): number {
  for (let i = at; i < end; i++) if (text.charCodeAt(i) === wanted) return i;
  return -1;
}

function bracketed(text: string, open: number, end: number): NameAddr | undefined {
  const close = find(text, 0x3e, open, end);
  if (close < 0) return undefined;
  const uri = readUri(text, open + 1, close);
  if (uri === undefined) return undefined;
  const params = readParams(text, close + 1, end);
  return params === undefined ? undefined : { uri, params };
}

function named(address: NameAddr | undefined, displayName: string): NameAddr | undefined {
  if (address === undefined || displayName === '') return address;
  return { displayName, uri: address.uri, params: address.params };
}

/** An address without brackets: what follows `;` belongs to the header, and `?` and `,` may not be in it. */
function bare(text: string, at: number, end: number): NameAddr | undefined {
  let i = at;
  for (; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3b || code === 0x20 || code === 0x09) break;
    if (code === 0x3f || code === 0x2c) return undefined;
  }
  const uri = readUri(text, at, i);
  if (uri === undefined) return undefined;
  const params = readParams(text, i, end);
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
