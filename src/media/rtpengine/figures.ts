/** What rtpengine counted, and how it is added to what a worker measured. */
import type { Quality, StreamSettings } from '../../ports/index.ts';
import { mosInputs, mosOf } from '../quality/emodel.ts';
import { type Carried, type Figures, NO_FIGURES } from './anchors.ts';
import { at, streamOf } from './answer.ts';
import type { Place } from './description.ts';
import type { NgAnswer } from './ng-client.ts';

/** What the far end with this tag has sent, by an answer to `query`. */
export function sentBy(answer: NgAnswer, tag: string): Figures {
  const stats = at(streamOf(answer, tag), ['stats']);
  const packets = at(stats, ['packets']);
  const bytes = at(stats, ['bytes']);
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : NO_FIGURES;
}

type Found = { readonly place: Place; readonly hearer: string | undefined; readonly sealed: boolean };

/** Where the far end with this tag sends to, who alone hears it, and whether rtpengine encrypts for it: what an earlier
 * process, or another node, had joined. */
export function foundOf(answer: NgAnswer, tag: string): Found | undefined {
  const stream = at(answer, ['tags', tag, 'medias', 0, 'streams', 0]);
  const [address, port] = [at(stream, ['local address']), at(stream, ['local port'])];
  if (typeof address !== 'string' || typeof port !== 'number') return undefined;
  const hearers = at(answer, ['tags', tag, 'subscribers']);
  const hearer = Array.isArray(hearers) && hearers.length === 1 ? at(hearers, [0, 'tag']) : undefined;
  const sealed = at(answer, ['tags', tag, 'medias', 0, 'protocol']) !== 'RTP/AVP';
  return { place: { address, port }, hearer: typeof hearer === 'string' ? hearer : undefined, sealed };
}

/** The codec that the far end with this tag sends, upper case; undefined while that is not known. */
export function codecBy(answer: NgAnswer, tag: string): string | undefined {
  const codec = at(answer, ['tags', tag, 'medias', 0, 'codec']);
  return typeof codec === 'string' ? codec.split('/')[0]?.toUpperCase() : undefined;
}

export function plus(a: Figures, b: Figures): Figures {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

/** Never less than nothing: an rtpengine that was started anew counts from zero. */
export function minus(a: Figures, b: Figures): Figures {
  return { packets: Math.max(0, a.packets - b.packets), bytes: Math.max(0, a.bytes - b.bytes) };
}

/** The worker's figures and, of what went by rtpengine alone, those the other party reported. Where it reported nothing,
 * loss and rating of the whole are unknown: those of a part are not. */
export function withCarried(quality: Quality, carried: Carried, settings: StreamSettings | undefined): Quality {
  const { received, sent, reports, back } = carried;
  if (received.packets === 0 && sent.packets === 0) return quality;
  const packetsReceived = quality.packetsReceived + received.packets;
  // What went by rtpengine until the worker had it back looks like a hole to the worker.
  const lostHere = Math.max(0, quality.packetsLost - back);
  const counted = {
    ...quality,
    packetsReceived,
    packetsSent: quality.packetsSent + sent.packets,
    bytesReceived: quality.bytesReceived + received.bytes,
    bytesSent: quality.bytesSent + sent.bytes,
    packetsLost: lostHere,
  };
  const { last, lossPercent } = reports;
  if (last === undefined || lossPercent === undefined || packetsReceived === 0)
    return { ...counted, packetsLostPercent: undefined, mos: undefined, mosInputs: undefined };
  const lost = Math.round((received.packets * lossPercent) / (100 - lossPercent));
  // A hole also holds what was lost on the way here meanwhile, which the listener has counted too.
  const packetsLost = back > 0 ? Math.max(lostHere, lost) : lostHere + lost;
  const share = received.packets / packetsReceived;
  const jitterMs = (quality.jitterMs ?? last.jitterMs) * (1 - share) + last.jitterMs * share;
  const { roundTripMs } = last;
  const figures = { ...counted, packetsLost, jitterMs, roundTripMs };
  return { ...figures, ...rated(figures, settings) };
}

function rated(
  { packetsReceived, packetsLost, jitterMs, roundTripMs }: Quality & { readonly jitterMs: number },
  settings: StreamSettings | undefined,
): Pick<Quality, 'packetsLostPercent' | 'mos' | 'mosInputs'> {
  const lossPercent = (100 * packetsLost) / (packetsReceived + packetsLost);
  const codec = settings?.payloads.find((each) => each.codec !== 'TELEPHONE-EVENT')?.codec;
  const ptime = settings?.ptime ?? 20;
  const inputs =
    codec === undefined
      ? undefined
      : mosInputs({ codec, stream: undefined, lossPercent, jitterMs, roundTripMs, ptime });
  return {
    packetsLostPercent: lossPercent,
    mos: inputs && mosOf(inputs),
    mosInputs: inputs && { ...inputs, reportedBy: 'listener' },
  };
}
