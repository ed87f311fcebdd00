/** Telephone numbers in one canonical form (E.164), before any rule looks at them: a prefix rule that sees `00`, a
 * full-width digit or `;phone-context` can be walked around. */

// RFC 3966 §5.1.1 visual separators, and the blank people type.
const separators = /[-.() ]/g;
const longest = 15;
/** Shortest number with a country code anyone is assigned (Niue, +683 nnnn). Shorter ones are short codes or extensions. */
const shortestSubscriber = 7;

/** The digits without `+`, or undefined: no leading zero, only ASCII digits, at most 15 of them. Short codes (112) pass. */
export function canonicalNumber(text: string): string | undefined {
  if (text.length > 40) return undefined;
  const bare = text.startsWith('+') ? text.slice(1) : text;
  const digits = bare.replace(separators, '');
  if (digits.length === 0 || digits.length > longest || digits.startsWith('0')) return undefined;
  return /^[0-9]+$/.test(digits) ? digits : undefined;
}

/** The digits without `+` of a full international number; undefined for anything else, short codes and extensions too. */
export function canonicalE164(text: string): string | undefined {
  const digits = canonicalNumber(text);
  return digits !== undefined && digits.length >= shortestSubscriber ? digits : undefined;
}
