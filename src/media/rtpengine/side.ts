/** A party of a call as rtpengine is told of it, and the keys of one that is encrypted. RFC 4568. */
import type { Payload } from '../../ports/index.ts';
import type { CryptoLine, SrtpKeys } from '../../sdp/index.ts';
import type { Place } from './description.ts';
import type { FarWeb } from './web.ts';

/** Keys of a far end that rtpengine encrypts for. `tag`: that of its line, no other party of the call has it. */
export type Seal = SrtpKeys & { readonly tag: number };
export type Side = {
  readonly tag: string;
  readonly place: Place;
  readonly payloads: readonly Payload[];
  readonly seal?: Seal | undefined;
  readonly web?: FarWeb;
};

/** Of the audio line that an offer to it has. */
export function protocolOf({ seal, web }: Side): string {
  if (web?.dtls !== undefined) return 'UDP/TLS/RTP/SAVPF';
  return seal === undefined ? 'RTP/AVP' : 'RTP/SAVP';
}

/** The keys are those of our SDP, not rtpengine's: it sends with what the other party offered (meant for SRTP that passes as
 * it is), and keeps that while what is offered later has another suite, or none. So they are shown to it once, as if the
 * worker sent with them. */
export function shownTo({ seal }: Side): readonly CryptoLine[] {
  return seal === undefined ? [] : [{ tag: seal.tag, ...seal.send }];
}

/** The lines of an offer to `to`. What that is sent with stands behind what `from` sends with, and `to` takes it by its tag;
 * an offer in the clear changes nothing. */
export function offeredTo(from: Side, to: Side): readonly CryptoLine[] {
  return from.seal === undefined ? [] : [...answeredBy(from), ...shownTo(to)];
}

/** What the party itself sends with. */
export function answeredBy({ seal }: Side): readonly CryptoLine[] {
  return seal === undefined ? [] : [{ tag: seal.tag, ...seal.receive }];
}
