/** What rtpengine counted, and how it is added to what a worker measured. */
import type { Quality } from '../../ports/index.ts';
import type { Bencoded } from './bencode.ts';
import { type Carried, type Figures, NO_FIGURES } from './anchors.ts';
import { isDictionary, type NgAnswer } from './ng-client.ts';

/** What the far end with this tag has sent, by an answer to `query`. */
export function sentBy(answer: NgAnswer, tag: string): Figures {
  const stats = at(answer, ['tags', tag, 'medias', 0, 'streams', 0, 'stats']);
  const packets = at(stats, ['packets']);
  const bytes = at(stats, ['bytes']);
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : NO_FIGURES;
}

export function plus(a: Figures, b: Figures): Figures {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

/** Never less than nothing: an rtpengine that was started anew counts from zero. */
export function minus(a: Figures, b: Figures): Figures {
  return { packets: Math.max(0, a.packets - b.packets), bytes: Math.max(0, a.bytes - b.bytes) };
}

/** What went by rtpengine alone was a hole to the worker, so it is no loss; and a rating of half a call is none. */
export function withCarried(quality: Quality, { received, sent }: Carried): Quality {
  if (received.packets === 0 && sent.packets === 0) return quality;
  const packetsReceived = quality.packetsReceived + received.packets;
  const packetsLost = Math.max(0, quality.packetsLost - received.packets);
  const due = packetsReceived + packetsLost;
  return {
    ...quality,
    packetsReceived,
    packetsSent: quality.packetsSent + sent.packets,
    bytesReceived: quality.bytesReceived + received.bytes,
    bytesSent: quality.bytesSent + sent.bytes,
    packetsLost,
    packetsLostPercent: due === 0 ? undefined : (packetsLost / due) * 100,
    mos: undefined,
    mosInputs: undefined,
  };
}

function at(value: Bencoded | undefined, path: readonly (string | number)[]): Bencoded | undefined {
  let found = value;
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? (found as readonly Bencoded[])[step] : undefined;
    else found = isDictionary(found) ? found[step] : undefined;
  }
  return found;
}
