import { endOfQuoted, skipSpace, textOf, trimEnd } from './characters.ts';

/** Splits a list header at its commas, but not at those in quotes or angle brackets. RFC 3261 §7.3.1. Undefined when a
 * quote or bracket never closes. Empty elements are kept: whoever reads them decides. */
export function splitList(text: string): string[] | undefined {
  const { bytes } = textOf(text);
  const out: string[] = [];
  const trimmed = (start: number, end: number): string => {
    const at = skipSpace(bytes, start, end);
    return text.slice(at, trimEnd(bytes, at, end));
  };
  let from = 0;
  let bracketed = false;
  for (let i = 0; i < text.length; i++) {
    const code = bytes[i];
    if (code === 0x22 && !bracketed) {
      const end = endOfQuoted(bytes, i, text.length);
      if (end < 0) return undefined;
      i = end - 1;
    } else if (code === 0x3c) bracketed = true;
    else if (code === 0x3e) bracketed = false;
    else if (code === 0x2c && !bracketed) {
      out.push(trimmed(from, i));
      from = i + 1;
    }
  }
  if (bracketed) return undefined;
  out.push(trimmed(from, text.length));
  return out;
}
