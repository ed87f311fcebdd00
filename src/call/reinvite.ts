/** A far end's re-INVITE or UPDATE with an offer: answered from our own endpoint at once; whoever bridges the leg
 * hears of a changed direction and tells the other side. RFC 3264 §8. */
import type { InDialogRequest } from '../sip/agent/index.ts';
import type { Leg } from './leg.ts';

export async function handleReinvite(leg: Leg, request: InDialogRequest): Promise<void> {
  const media = leg.media;
  if (media === undefined) return request.reply({ status: 488, reason: 'No Media' });
  const { negotiation } = media;
  if (request.sdp === undefined) return offerLate(leg, request);
  await media.readyFor(leg.services, request.sdp).catch((fault: unknown) => {
    leg.note('media.failed', { reason: String(fault) });
  });
  const before = negotiation.agreement?.direction;
  const received = negotiation.receive(request.sdp);
  if (!received.ok) {
    leg.note('media.refused', { fault: received.fault });
    return request.reply({
      status: 488,
      reason: 'Not Acceptable Here',
      headers: [['Warning', warning(received.fault)]],
    });
  }
  const answer = negotiation.answer({ prefer: media.spoken });
  if ('fault' in answer) {
    negotiation.rollback();
    return request.reply({ status: 488, reason: 'Not Acceptable Here', headers: [['Warning', warning(answer.fault)]] });
  }
  const configured = media.configure(answer.agreement, leg.remoteHost);
  // The engine first: whoever reads our answer may use new keys with its very next packet. What goes wrong there is told below.
  if (answer.agreement.srtp !== undefined) await configured.catch(() => {});
  request.reply({ status: 200, sdp: answer.sdp });
  leg.renegotiated();
  await configured;
  if (before !== answer.agreement.direction) {
    leg.note('media.direction', { direction: answer.agreement.direction });
    const { headers } = request.request;
    leg.events.emit('direction', headers.get('From') ?? '', headers.get('To') ?? '');
  }
}

/** An INVITE without SDP asks for our offer; its answer comes in the ACK. RFC 3261 §14.2. */
function offerLate(leg: Leg, request: InDialogRequest): void {
  const media = leg.media;
  if (media === undefined || request.method !== 'INVITE') return request.reply({ status: 200 });
  const sdp = media.negotiation.offer({ prefer: media.codecs });
  leg.dialog?.events.once('acknowledged', (answer) => {
    const read = answer === undefined ? undefined : media.negotiation.answered(answer);
    if (read?.ok === true) void media.configure(read.agreement, leg.remoteHost);
    else media.negotiation.rollback();
  });
  request.reply({ status: 200, sdp });
  leg.renegotiated();
}

/** RFC 3261 §20.43. */
export function warning(text: string): string {
  return `399 graine "${text.replace(/["\\\r\n]/g, "'")}"`;
}
