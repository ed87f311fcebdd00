/** DTMF in SIP INFO: `application/dtmf-relay` (Signal=, Duration=) and `application/dtmf` (the digit alone; some phones
 * write the lines of dtmf-relay there too). */
import type { InDialogRequest } from '../sip/agent/index.ts';

/** undefined: not a DTMF INFO. 'unreadable': one that makes no sense. */
export function digitOf(request: InDialogRequest): { digit: string; durationMs: number } | 'unreadable' | undefined {
  if (request.method !== 'INFO') return undefined;
  const type = (request.request.headers.get('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return undefined;
  const body = request.request.body.subarray(0, 256).toString('latin1');
  const signal = type === 'application/dtmf' && !body.includes('=') ? body.trim() : field(body, 'signal');
  const digit = normalise(signal);
  if (digit === undefined) return 'unreadable';
  const duration = Number(field(body, 'duration') ?? 160);
  return { digit, durationMs: duration >= 20 && duration <= 10_000 ? duration : 160 };
}

function field(body: string, name: string): string | undefined {
  for (const line of body.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0 && line.slice(0, at).trim().toLowerCase() === name) return line.slice(at + 1).trim();
  }
  return undefined;
}

/** Some phones send the event number: 10 is `*`, 11 is `#`, 12 to 15 are A to D. */
function normalise(signal: string | undefined): string | undefined {
  if (signal === undefined) return undefined;
  if (/^[0-9*#A-D]$/i.test(signal)) return signal.toUpperCase();
  const event = /^1[0-5]$/.test(signal) ? Number(signal) : undefined;
  return event === undefined ? undefined : '*#ABCD'[event - 10];
}
