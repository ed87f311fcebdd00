import { endOfQuoted, is, quote, skipSpace, span, TOKEN, unquote, URI_PARAM, VALUE } from './characters.ts';
import type { Params } from './types.ts';

/** Shared by everything that has none. */
export const noParams: Params = new Map();

/** Reads `;name=value;name`, all of text[at, end). Undefined when it is not that, or a name comes twice: two peers would
 * not agree on which one counts. RFC 3261 §7.3.1. */
export function readParams(text: string, at: number, end: number): Params | undefined {
  let i = skipSpace(text, at, end);
  if (i === end) return noParams;
  const into = new Map<string, string | true>();
  while (i < end) {
    if (text.charCodeAt(i) !== 0x3b) return undefined;
    const from = skipSpace(text, i + 1, end);
    const nameEnd = span(text, from, end, TOKEN);
    if (nameEnd === from) return undefined;
    const name = paramName(text, from, nameEnd);
    if (into.has(name)) return undefined;
    i = skipSpace(text, nameEnd, end);
    if (i < end && text.charCodeAt(i) === 0x3d) {
      const valueAt = skipSpace(text, i + 1, end);
      const valueEnd = endOfValue(text, valueAt, end);
      if (valueEnd < 0) return undefined;
      into.set(name, unquote(text.slice(valueAt, valueEnd)));
      i = skipSpace(text, valueEnd, end);
    } else into.set(name, true);
  }
  return into;
}

/** The usual ones by length and first letter, so that they need no new string. */
const usual = ['lr', 'tag', 'user', 'rport', 'branch', 'received', 'transport'];
const byLength = Array.from({ length: 10 }, (_, length) => usual.find((name) => name.length === length));

function paramName(text: string, from: number, end: number): string {
  const name = byLength[end - from];
  if (name !== undefined && text.startsWith(name, from)) return name;
  return text.slice(from, end).toLowerCase();
}

function endOfValue(text: string, at: number, end: number): number {
  if (text.charCodeAt(at) === 0x22 && at < end) return endOfQuoted(text, at, end);
  // An empty value (`;rport=;`) is not in the grammar but is common and has one reading.
  return span(text, at, end, VALUE);
}

/** Walks the parameters of a URI: raw values, no quotes, no spaces. RFC 3261 §19.1.1. */
export function walkUriParams(text: string, at: number, end: number, into: Map<string, string | true>): boolean {
  let i = at;
  while (i < end) {
    if (text.charCodeAt(i) !== 0x3b) return false;
    const from = i + 1;
    const nameEnd = span(text, from, end, URI_PARAM);
    if (nameEnd === from) return false;
    i = nameEnd;
    let value: string | true = true;
    if (i < end && text.charCodeAt(i) === 0x3d) {
      i = span(text, nameEnd + 1, end, URI_PARAM);
      value = text.slice(nameEnd + 1, i);
    }
    const name = paramName(text, from, nameEnd);
    if (into.has(name)) return false;
    into.set(name, value);
  }
  return true;
}

/** `;name=value` for each, values quoted where they must be. */
export function formatParams(params: Params): string {
  let out = '';
  for (const [name, value] of params) out += value === true ? `;${name}` : `;${name}=${formatValue(value)}`;
  return out;
}

/** Parameters of a URI are printed as they were kept. */
export function formatUriParams(params: Params): string {
  let out = '';
  for (const [name, value] of params) out += value === true ? `;${name}` : `;${name}=${value}`;
  return out;
}

function formatValue(value: string): string {
  for (let i = 0; i < value.length; i++) if (!is(value.charCodeAt(i), VALUE)) return quote(value);
  return value;
}
