/** How the keys of a leg go over the wire, as its carrier says (`dtmf_type`): as RFC 4733 events, as tones in the audio, or
 * in SIP INFO. decisions.md DTMF. */
import { messageOf } from '../base/index.ts';
import type { Carrier } from '../ports/index.ts';
import type { Leg } from './leg.ts';

export type KeyWay = Carrier['dtmfType'];

export function keyWayOf(leg: Leg): KeyWay {
  return leg.services.directory.get('carrier', leg.carrierSid ?? '')?.dtmfType ?? 'rfc2833';
}

/** From now on tones in what the far end says are keys, where its carrier says so. */
export function hearKeys(leg: Leg): void {
  const { media, services } = leg;
  if (media === undefined || keyWayOf(leg) !== 'tones') return;
  services.studio.hearTones(media.endpoint, true).catch((fault: unknown) => {
    if (leg.end === undefined) leg.note('media.failed', { reason: messageOf(fault) });
  });
}

/** Presses keys towards the far end. Resolves when they are on their way; INFO: when they were answered, one by one. */
export async function pressKeys(leg: Leg, keys: string, durationMs: number): Promise<void> {
  if (keyWayOf(leg) !== 'info') return leg.media?.sendDigits(keys, durationMs);
  for (const key of keys) if (leg.end === undefined) await sayByInfo(leg, key, durationMs);
  leg.events.emit('keysSent');
}

export async function sayByInfo(leg: Leg, key: string, durationMs: number): Promise<void> {
  await leg.dialog?.request('INFO', {
    ownUsage: true,
    contentType: 'application/dtmf-relay',
    body: Buffer.from(`Signal=${key}\r\nDuration=${Math.round(durationMs)}\r\n`),
  });
}
