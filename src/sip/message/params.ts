import {
  endOfQuoted,
  every,
  quote,
  skipSpace,
  span,
  type Text,
  TOKEN,
  unquote,
  URI_PARAM,
  URI_VALUE,
  VALUE,
} from './characters.ts';
import { FewParams } from './few-params.ts';
import type { Params } from './types.ts';

/** Shared by everything that has none. */
export const noParams: Params = new Map();

/** Reads `;name=value;name`, all of text[at, end). Undefined when it is not that, or a name comes twice: two peers would
 * not agree on which one counts. RFC 3261 §7.3.1. */
export function readParams({ bytes, text }: Text, at: number, end: number): Params | undefined {
  let i = skipSpace(bytes, at, end);
  if (i === end) return noParams;
  let into: FewParams | undefined;
  while (i < end) {
    if (bytes[i] !== 0x3b) return undefined;
    const from = skipSpace(bytes, i + 1, end);
    const nameEnd = span(bytes, from, end, TOKEN);
    if (nameEnd === from) return undefined;
    const name = paramName(text, from, nameEnd);
    i = skipSpace(bytes, nameEnd, end);
    let value: string | true = true;
    if (i < end && bytes[i] === 0x3d) {
      const valueAt = skipSpace(bytes, i + 1, end);
      const valueEnd = endOfValue(bytes, valueAt, end);
      if (valueEnd < 0) return undefined;
      value = unquote(text.slice(valueAt, valueEnd));
      i = skipSpace(bytes, valueEnd, end);
    }
    if (into === undefined) into = new FewParams(name, value);
    else if (!into.add(name, value)) return undefined;
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

function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === 0x22) return endOfQuoted(bytes, at, end);
  // An empty value (`;rport=;`) is not in the grammar but is common and has one reading.
  return span(bytes, at, end, VALUE);
}

/** Reads the parameters of a URI, all of text[at, end): raw values, no quotes, no spaces. RFC 3261 §19.1.1. */
export function readUriParams({ bytes, text }: Text, at: number, end: number): Params | undefined {
  let into: FewParams | undefined;
  let i = at;
  while (i < end) {
    if (bytes[i] !== 0x3b) return undefined;
    const from = i + 1;
    const nameEnd = span(bytes, from, end, URI_PARAM);
    if (nameEnd === from) return undefined;
    i = nameEnd;
    let value: string | true = true;
    if (i < end && bytes[i] === 0x3d) {
      i = span(bytes, nameEnd + 1, end, URI_VALUE);
      value = text.slice(nameEnd + 1, i);
    }
    const name = paramName(text, from, nameEnd);
    if (into === undefined) into = new FewParams(name, value);
    else if (!into.add(name, value)) return undefined;
  }
  return into ?? noParams;
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
  return every(value, VALUE) ? value : quote(value);
}
