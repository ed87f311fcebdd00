import { readUint } from './characters.ts';
import type { Request, Response } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { parseVia } from './via.ts';

/** What a message must have and what must be right in it before anybody looks; the first fault, or undefined.
 * RFC 3261 §8.1.1, §8.2.6.2. */
export function checkMessage(message: Request | Response): string | undefined {
  const { headers } = message;
  const callId = headers.get('Call-ID');
  if (callId === undefined || callId === '') return 'no Call-ID';
  if (callId.includes(' ') || callId.includes('\t')) return 'malformed Call-ID';
  const wrong = message.invalid();
  if (wrong !== undefined) return headers.has(wrong) ? `malformed ${wrong}` : `no ${wrong}`;
  if (message.kind === 'request' && message.cseq.method !== message.method) return 'CSeq has another method';
  return checkLists(message) ?? checkNumbers(message);
}

/** Messages are routed by these: each must be readable, or we and the next peer would go different ways. */
function checkLists(message: Request | Response): string | undefined {
  for (const [name, value] of message.headers.entries()) {
    switch (name) {
      case 'Via':
        if (value !== message.headers.get('Via') && parseVia(value) === undefined) return 'malformed Via';
        break;
      case 'Contact':
        if (value !== '*' && parseNameAddr(value) === undefined) return 'malformed Contact';
        break;
      case 'Route':
      case 'Record-Route':
        if (parseNameAddr(value) === undefined) return `malformed ${name}`;
        break;
      default:
    }
  }
  return undefined;
}

/** Numbers that would wrap or mislead further in (attack A9), with their largest legal value. */
const numbers: ReadonlyArray<readonly [name: string, most: number]> = [
  ['Max-Forwards', 255],
  ['Expires', 0xffff_ffff],
  ['RSeq', 0xffff_ffff],
];

function checkNumbers(message: Request | Response): string | undefined {
  for (const [name, most] of numbers) {
    const value = message.headers.get(name);
    if (value !== undefined && readUint(value, 0, value.length, most) < 0) return `malformed ${name}`;
  }
  return undefined;
}
