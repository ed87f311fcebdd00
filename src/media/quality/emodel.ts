import type { Quality } from '../../ports/index.ts';
import { impairmentOf, type Scale, type Stream } from './impairment.ts';

/** R with all other parameters at their defaults, and how much longer the scale is than that of G.107: G.107 §7.1, G.107.1
 * §7.1 and annex A, G.107.2 §7.1 and annex A. */
const scales: Readonly<Record<Scale, { readonly best: number; readonly longer: number }>> = {
  narrowband: { best: 93.2, longer: 1 },
  wideband: { best: 129, longer: 1.29 },
  fullband: { best: 148, longer: 1.48 },
};

/** MOS-CQE of a transmission rating: ITU-T G.107 annex B. */
export function mosOfRating(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

export type MosInputs = NonNullable<Quality['mosInputs']>;

/** R of the E-model with random loss, on the scale of the inputs: best - Id - Ie,eff. */
export function rating(inputs: MosInputs): number {
  const { ie, bpl, lossPercent, delayMs } = inputs;
  const late = delayMs - 177.3;
  const delayImpairment = 0.024 * delayMs + (late > 0 ? 0.11 * late : 0);
  const equipment = ie + ((95 - ie) * lossPercent) / (lossPercent + bpl);
  return scales[inputs.scale].best - delayImpairment - equipment;
}

/** MOS by these inputs. A 4.4 of one scale is not a 4.4 of another: each is what listeners say who know that band. */
export function mosOf(inputs: MosInputs): number {
  return mosOfRating(rating(inputs) / scales[inputs.scale].longer);
}

/** The inputs from what was measured: one way of the round trip, a packet's length, a buffer of twice the jitter. */
export function mosInputs(measured: {
  codec: string;
  stream: Stream | undefined;
  lossPercent: number;
  jitterMs: number;
  roundTripMs: number | undefined;
  ptime: number;
}): MosInputs | undefined {
  const { codec, lossPercent } = measured;
  const impairment = impairmentOf(codec, measured.stream);
  if (impairment === undefined) return undefined;
  const delayMs = (measured.roundTripMs ?? 0) / 2 + measured.ptime + 2 * measured.jitterMs;
  return { codec, lossPercent, delayMs, ...impairment };
}
