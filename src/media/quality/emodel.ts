import type { Quality } from '../../ports/index.ts';

/** Equipment impairment and loss robustness per codec: ITU-T G.113 appendix I (G.711 with concealment, as every phone
 * has it). Codecs without a published pair get none, so no MOS. */
const codecs: Readonly<Record<string, { readonly ie: number; readonly bpl: number }>> = {
  PCMU: { ie: 0, bpl: 25.1 },
  PCMA: { ie: 0, bpl: 25.1 },
  G722: { ie: 13, bpl: 13 },
  G729: { ie: 11, bpl: 19 },
};
/** R with all other parameters at their G.107 defaults. */
const BASE_R = 93.2;

/** MOS-CQE of a transmission rating: ITU-T G.107 annex B. */
export function mosOfRating(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

export type MosInputs = NonNullable<Quality['mosInputs']>;

/** R of the E-model with random loss: R = 93.2 - Id - Ie,eff. */
export function rating(inputs: MosInputs): number {
  const { ie, bpl, lossPercent, delayMs } = inputs;
  const late = delayMs - 177.3;
  const delayImpairment = 0.024 * delayMs + (late > 0 ? 0.11 * late : 0);
  const equipment = ie + ((95 - ie) * lossPercent) / (lossPercent + bpl);
  return BASE_R - delayImpairment - equipment;
}

/** The inputs from what was measured: one way of the round trip, a packet's length, a buffer of twice the jitter. */
export function mosInputs(measured: {
  codec: string;
  lossPercent: number;
  jitterMs: number;
  roundTripMs: number | undefined;
  ptime: number;
}): MosInputs | undefined {
  const codec = codecs[measured.codec];
  if (codec === undefined) return undefined;
  const delayMs = (measured.roundTripMs ?? 0) / 2 + measured.ptime + 2 * measured.jitterMs;
  return { codec: measured.codec, lossPercent: measured.lossPercent, delayMs, bpl: codec.bpl, ie: codec.ie };
}
