/** The Reason header. RFC 3326. */
import { header, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Reason } from './types.ts';

/** The first SIP or Q.850 reason of a message; SIP's own is preferred. */
export function reasonOf(message: SipRequest | SipResponse): Reason | undefined {
  let found: Reason | undefined;
  for (const value of message.headers.all(header.reason)) {
    const reason = parseReason(value);
    if (reason !== undefined && (found === undefined || reason.protocol === 'SIP')) found = reason;
    if (found?.protocol === 'SIP') break;
  }
  return found;
}

function parseReason(value: string): Reason | undefined {
  const [first = '', ...params] = splitOutsideQuotes(value);
  const protocol = first.trim().toUpperCase();
  if (protocol !== 'SIP' && protocol !== 'Q.850') return undefined;
  let cause = 0;
  let text = '';
  for (const param of params) {
    const equals = param.indexOf('=');
    if (equals < 0) continue;
    const name = param.slice(0, equals).trim().toLowerCase();
    const given = param.slice(equals + 1).trim();
    if (name === 'cause') cause = Math.min(Number.parseInt(given, 10) || 0, 999);
    else if (name === 'text') text = given.startsWith('"') ? given.slice(1, -1).replaceAll('\\', '') : given;
  }
  return { protocol, cause, text };
}

function splitOutsideQuotes(value: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '\\') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === ';' && !quoted) {
      parts.push(value.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(value.slice(from));
  return parts;
}

export function reasonValue(reason: Reason): string {
  return `${reason.protocol};cause=${reason.cause};text="${reason.text.replaceAll(/["\\\r\n]/g, ' ')}"`;
}
