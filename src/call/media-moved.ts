/** What a far end sends to is gone, and the engine carries the endpoint on elsewhere: the far end is told by a re-INVITE, at
 * once where the call is answered, else as soon as it is. RFC 3264 §8.3.1. */
import type { MovedTo } from '../ports/index.ts';
import type { Leg } from './leg.ts';
import type { LegMedia } from './leg-media.ts';
import { offerPlace } from './move-media.ts';

/** An offer that is under way is waited for this often. */
const TRIES = 20;
const AGAIN_MS = 100;

/** `failed`: the far end cannot be told, so the call has lost its audio. */
export function tellMoved(leg: Leg, to: MovedTo, failed: (why: string) => void): void {
  const { media } = leg;
  if (media === undefined || leg.end !== undefined) return;
  media.relocated(leg.services, to);
  leg.note('media.moved', { to: `${to.address}:${to.port}` });
  if (leg.dialog !== undefined) return tell(leg, media, { failed, tries: TRIES });
  const off = leg.events.on('status', (status) => {
    if (status !== 'in-progress' && leg.end === undefined) return;
    off();
    if (leg.end === undefined) tell(leg, media, { failed, tries: TRIES });
  });
}

function tell(leg: Leg, media: LegMedia, { failed, tries }: { failed: (why: string) => void; tries: number }): void {
  if (leg.end !== undefined) return;
  if (media.negotiation.state !== 'stable') {
    if (tries === 0) return failed('the far end could not be told of another place');
    const later = (): void => tell(leg, media, { failed, tries: tries - 1 });
    return void leg.services.clock.after(AGAIN_MS, `leg ${leg.callSid} media moved`, later);
  }
  offerPlace(leg, media).then(
    (placed) => {
      if (leg.end !== undefined) return undefined;
      return placed.ok ? media.configure(placed.agreement, leg.remoteHost) : failed(placed.fault);
    },
    (fault: unknown) => failed(String(fault)),
  );
}
