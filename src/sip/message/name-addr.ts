import { endOfQuoted, hasControl, isToken, quote, skipSpace, trimEnd, unquote } from './characters.ts';
import { HeaderFault } from './headers.ts';
import { formatParams, noParams, walkParams } from './params.ts';
import { splitList } from './split.ts';
import type { NameAddr, Params } from './types.ts';
import { formatUri, readUri } from './uri.ts';

/** Reads From, To, one Contact or Route: the whole text. Undefined when it is none (`*` is none). RFC 3261 §20.10. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const end = text.length;
  const at = skipSpace(text, 0, end);
  if (at === end) return undefined;
  const first = text.charCodeAt(at);
  if (first === 0x3c) return bracketed(text, at, undefined);
  if (first === 0x22) {
    const close = endOfQuoted(text, at, end);
    if (close < 0) return undefined;
    const open = skipSpace(text, close, end);
    if (text.charCodeAt(open) !== 0x3c) return undefined;
    return bracketed(text, open, unquote(text.slice(at, close)));
  }
  const open = text.indexOf('<', at);
  if (open < 0) return bare(text, at, end);
  const nameEnd = trimEnd(text, at, open);
  for (let i = at; i < nameEnd; i++) {
    const code = text.charCodeAt(i);
    // Quotes, commas and semicolons between words change where the value ends: peers would disagree.
    if (code === 0x22 || code === 0x2c || code === 0x3b || code === 0x3e || code === 0x5c) return undefined;
  }
  return bracketed(text, open, text.slice(at, nameEnd));
}

function bracketed(text: string, open: number, displayName: string | undefined): NameAddr | undefined {
  const close = text.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = readUri(text, open + 1, close);
  if (uri === undefined) return undefined;
  const params = readParams(text, close + 1);
  if (params === undefined) return undefined;
  return displayName === undefined || displayName === '' ? { uri, params } : { displayName, uri, params };
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
  const params = readParams(text, i);
  return params === undefined ? undefined : { uri, params };
}

function readParams(text: string, at: number): Params | undefined {
  if (skipSpace(text, at, text.length) === text.length) return noParams;
  const params = new Map<string, string | true>();
  return walkParams(text, at, text.length, params) ? params : undefined;
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
