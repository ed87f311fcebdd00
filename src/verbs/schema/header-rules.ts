/** Which SIP headers an application may set. What routes, frames, authenticates or identifies a request is ours. */
import { printable } from '../../base/index.ts';
import type { DialFault, Headers } from './types.ts';

export const headerLimits = { count: 50, name: 64, value: 1024, total: 8192 } as const;

/** Full and compact forms (RFC 3261 §7.3.3), in lower case. */
const protectedNames = new Set(
  [
    'via v from f to t call-id i cseq contact m route record-route max-forwards path service-route',
    'authorization proxy-authorization www-authenticate proxy-authenticate authentication-info',
    'identity y identity-info n require proxy-require supported k unsupported allow',
    'rseq rack session-expires x min-se expires replaces timestamp mime-version l c e',
  ]
    .join(' ')
    .split(' '),
);

const token = /^[A-Za-z0-9!%*_+`'~.-]+$/;

export function isProtectedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return protectedNames.has(lower) || lower.startsWith('content-');
}

/** What is wrong with the member `headers`. */
export function headerFaults(headers: Headers): DialFault[] {
  const names = Object.keys(headers);
  if (names.length === 0) return [];
  const faults: DialFault[] = [];
  const at = ['headers'];
  if (names.length > headerLimits.count)
    faults.push({ at, expected: `at most ${headerLimits.count} headers`, got: `${names.length}` });
  let total = 0;
  for (const name of names.slice(0, headerLimits.count)) {
    const value = headers[name] ?? '';
    const length = Buffer.byteLength(value);
    total += name.length + length;
    const fault = headerFault(name, value, length);
    if (fault !== undefined) faults.push({ at: [...at, printable(name, headerLimits.name)], ...fault });
  }
  if (total > headerLimits.total)
    faults.push({ at, expected: `at most ${headerLimits.total} bytes in all`, got: `${total}` });
  return faults;
}

function headerFault(name: string, value: string, length: number): Omit<DialFault, 'at'> | undefined {
  if (name.length > headerLimits.name || !token.test(name))
    return { expected: 'the name of a header (a token of RFC 3261 §25.1)', got: 'another text' };
  if (isProtectedHeader(name)) return { expected: 'a header an application may set', got: 'one that Graine sets' };
  if (length > headerLimits.value) return { expected: `at most ${headerLimits.value} bytes`, got: `${length}` };
  return hasControl(value) ? { expected: 'a value of one line', got: 'CR, LF, NUL or another control' } : undefined;
}

/** C0 but TAB, DEL, C1, and the Unicode line and paragraph separators. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 32 && code !== 9) || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029) return true;
  }
  return false;
}
