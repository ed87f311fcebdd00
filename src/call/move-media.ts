/** A leg's audio moves to other ports, those of another media worker: a re-INVITE tells the far end. RFC 3264 §8.3.1. */
import type { Agreement } from '../sdp/index.ts';
import type { Leg } from './leg.ts';
import type { LegMedia } from './leg-media.ts';

/** Legs of two sessions may live in two media workers: then the second moves to the first's. Rejects as moveMedia does. */
export async function bringTogether(a: Leg, b: Leg): Promise<void> {
  if (a.media === undefined || b.media === undefined) throw new Error('one of the two has no audio');
  if (!(await a.services.media.together(a.media.endpoint, b.media.endpoint))) await moveMedia(b, a.mediaSession);
}

/** Rejects when there are no ports, or the far end will not follow; then all is as before. */
async function moveMedia(leg: Leg, session: string): Promise<void> {
  const { services, dialog, media } = leg;
  if (dialog === undefined || media === undefined) throw new Error('the call is not answered');
  const { registry } = services;
  const before = media.endpoint;
  const move = await media.move(session);
  registry.addEndpoint(media.endpoint, leg);
  const read = await offerPlace(leg, media);
  if (read.ok && leg.end === undefined) {
    move.keep();
    registry.removeEndpoint(before);
    leg.identity = { ...leg.identity, mediaSession: session };
    await media.configure(read.agreement, leg.remoteHost);
    if (media.muted) await media.mute(true);
    leg.note('media.moved', { session });
    return;
  }
  registry.removeEndpoint(media.endpoint);
  move.undo();
  throw new Error(read.ok ? 'the call ended meanwhile' : read.fault);
}

export type Placed =
  | { readonly ok: true; readonly agreement: Agreement }
  | { readonly ok: false; readonly fault: string };

/** Offers the far end what it has, at the place where our end is now. What was agreed before stays when it refuses. */
export async function offerPlace(leg: Leg, { negotiation, codecs: prefer }: LegMedia): Promise<Placed> {
  const { dialog } = leg;
  if (dialog === undefined) return { ok: false, fault: 'the call is not answered' };
  const offer = (): Buffer => negotiation.offer({ prefer });
  const response = await dialog.reinvite({
    sdp: offer(),
    glare: { withdraw: () => negotiation.rollback(), again: () => (leg.end === undefined ? offer() : undefined) },
  });
  const read = response.status < 300 ? negotiation.answered(response.body) : undefined;
  if (read?.ok === true) return read;
  negotiation.rollback();
  return { ok: false, fault: read?.fault ?? `the far end did not follow: ${response.status} ${response.reason}` };
}
