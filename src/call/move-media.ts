/** A leg's audio moves to other ports, those of another media worker: a re-INVITE tells the far end. RFC 3264 §8.3.1. */
import type { Leg } from './leg.ts';

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
  const { negotiation, codec } = media;
  const offer = (): Buffer => negotiation.offer(codec === undefined ? {} : { prefer: [codec] });
  const response = await dialog.reinvite({
    sdp: offer(),
    glare: { withdraw: () => negotiation.rollback(), again: () => (leg.end === undefined ? offer() : undefined) },
  });
  const read = response.status < 300 ? negotiation.answered(response.body) : undefined;
  if (read?.ok === true && leg.end === undefined) {
    move.keep();
    registry.removeEndpoint(before);
    leg.identity = { ...leg.identity, mediaSession: session };
    await media.configure(read.agreement, leg.remoteHost);
    if (media.muted) await media.mute(true);
    leg.note('media.moved', { session });
    return;
  }
  negotiation.rollback();
  registry.removeEndpoint(media.endpoint);
  move.undo();
  throw new Error(
    read?.ok === false ? read.fault : `the far end did not follow: ${response.status} ${response.reason}`,
  );
}
