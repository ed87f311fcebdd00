import { readDigits, span, type Text, TOKEN } from './characters.ts';
import type { MessageLimits } from './limits.ts';
import { readUri } from './uri.ts';

/** The first line, with its first fault where it is readable but wrong. `kind` is undefined when it is not SIP at all. */
export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly fault?: LineFault }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string; readonly fault?: LineFault }
  | { readonly kind: 'none'; readonly fault: LineFault };

export type LineFault = { readonly what: string; readonly status: number };

const bad = (what: string, status = 400): LineFault => ({ what, status });

/** Reads the start line text[at, end). RFC 3261 §7.1, §7.2. */
export function readStartLine(source: Text, at: number, end: number, limits: MessageLimits): StartLine {
  const { bytes, text } = source;
  if (text.startsWith('SIP/2.0 ', at)) return readStatusLine(source, at + 8, end);
  const methodEnd = span(bytes, at, end, TOKEN);
  if (methodEnd === at || bytes[methodEnd] !== 0x20) return { kind: 'none', fault: bad('no SIP start line') };
  const method = text.slice(at, methodEnd);
  let versionAt = end - 1;
  while (bytes[versionAt] !== 0x20) versionAt--;
  const uri = text.slice(methodEnd + 1, Math.max(versionAt, methodEnd + 1));
  if (!text.startsWith('SIP/2.0', versionAt + 1) || versionAt + 8 !== end)
    return refused(text.slice(versionAt + 1, end), method, uri);
  if (versionAt - methodEnd - 1 > limits.uri)
    return { kind: 'request', method, uri: '', fault: bad('Request-URI too long', 414) };
  const read = readUri(source, methodEnd + 1, versionAt);
  if (read === undefined) return { kind: 'request', method, uri, fault: bad('malformed Request-URI') };
  // RFC 3261 §19.1.1, table 1: no headers part in a Request-URI.
  if (read.headers !== undefined) return { kind: 'request', method, uri, fault: bad('Request-URI with headers') };
  return { kind: 'request', method, uri };
}

function refused(version: string, method: string, uri: string): StartLine {
  if (version.length > 16 || !/^SIP\/\d{1,3}\.\d{1,3}$/i.test(version)) {
    if (!/^SIP\//i.test(uri.trimEnd().slice(uri.trimEnd().lastIndexOf(' ') + 1)))
      return { kind: 'none', fault: bad('no SIP start line') };
    return { kind: 'request', method, uri, fault: bad('malformed request line') };
  }
  if (version.toUpperCase() === 'SIP/2.0')
    return { kind: 'request', method, uri, fault: bad('SIP-Version not in upper case') };
  return { kind: 'request', method, uri, fault: bad('unsupported SIP version', 505) };
}

function readStatusLine({ bytes, text }: Text, at: number, end: number): StartLine {
  const status = readDigits(bytes, at, at + 3, 699);
  const space = bytes[at + 3] === 0x20;
  if (status < 100 || !(space || at + 3 === end)) return { kind: 'none', fault: bad('malformed status line') };
  return { kind: 'response', status, reason: space ? text.slice(at + 4, end) : '' };
}
