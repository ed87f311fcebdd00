import { hasControl, isToken } from './characters.ts';
import { headerKey } from './names.ts';

/** What the stack itself sets. An application that set them could reroute a call, forge who sent it, or hide a second
 * message in the first (attacks A5, D1). */
const own = new Set(
  [
    [
      'Via',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Contact',
      'Route',
      'Record-Route',
      'Max-Forwards',
      'Path',
      'Service-Route',
    ],
    [
      'Authorization',
      'Proxy-Authorization',
      'WWW-Authenticate',
      'Proxy-Authenticate',
      'Authentication-Info',
      'Identity',
    ],
    ['Allow', 'Supported', 'Require', 'Proxy-Require', 'Unsupported', 'RSeq', 'RAck', 'Session-Expires', 'Min-SE'],
    ['Replaces', 'Refer-To', 'Expires', 'Event', 'Subscription-State', 'MIME-Version'],
  ].flat(),
);

/** Longest value an application may set. */
const MAX_VALUE = 2048;

const loneSurrogate = /\p{Surrogate}/u;

/** May an application never set this header? In any case or compact form. */
export function isProtectedHeader(name: string): boolean {
  const key = headerKey(name);
  return own.has(key) || key.toLowerCase().startsWith('content-');
}

/** Why an application may not set this header to this value; undefined when it may. */
export function headerValueFault(name: string, value: string): string | undefined {
  if (name.length > 128 || !isToken(name)) return 'is not a header name';
  if (isProtectedHeader(name)) return 'is set by the server and may not be set by an application';
  if (hasControl(value)) return 'has a line break or another control character in its value';
  if (value.length > MAX_VALUE) return `is longer than ${MAX_VALUE} characters`;
  return loneSurrogate.test(value) ? 'is not well-formed Unicode' : undefined;
}
