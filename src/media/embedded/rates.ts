import type { OpusRate } from '../codec/opus.ts';
import type { Endpoint } from './endpoint.ts';

/** Hz that a codec carries. */
const bands: Readonly<Record<string, OpusRate>> = { PCMU: 8000, PCMA: 8000, G722: 16_000, OPUS: 48_000 };

/** The lowest of the rates Opus is run at here that loses nothing of another. */
function enough(rate: number): OpusRate {
  if (rate <= 8000) return 8000;
  return rate <= 16_000 ? 16_000 : 48_000;
}

/** The best rate that anyone takes what this far end says at. */
export function saidRate({ strip, peer }: Endpoint): OpusRate {
  let rate: number = peer?.heard?.codec.rate ?? 8000;
  if (strip !== undefined) for (const tap of strip.taps.values()) if (tap.hearsSaid) rate = Math.max(rate, tap.rate);
  const taps = peer?.strip?.taps;
  if (taps !== undefined) for (const tap of taps.values()) if (tap.hearsHeard) rate = Math.max(rate, tap.rate);
  return enough(rate);
}

/** The best rate of what this far end is to hear. */
export function heardRate({ strip, peer, player }: Endpoint): OpusRate {
  let rate: number = peer === undefined ? 8000 : (bands[peer.codecs.sender?.codec ?? ''] ?? 8000);
  if (player !== undefined) rate = Math.max(rate, player.rate);
  if (strip !== undefined) {
    for (const feed of strip.feeds.values()) rate = Math.max(rate, feed.rate);
    for (const { play } of strip.tracks.values()) if (play !== undefined) rate = Math.max(rate, play.rate);
  }
  return enough(rate);
}
