/** Figures of load → how near the limit the nearest of them is. Pure. */
import type { Load, LoadSignal } from '../../ports/index.ts';

export type Pressure = {
  /** 1: at its limit. */
  readonly value: number;
  /** Whose it is. */
  readonly signal: LoadSignal;
};

export const loadSignals: readonly LoadSignal[] = ['loop', 'lateness', 'media', 'mediaLateness', 'memory', 'hooks'];

/** What the judge is told: `strained` at a limit, `tight` just below, `easy` well below. */
export type Strain = 'strained' | 'tight' | 'easy';

/** Between this and the limit nothing changes: who has just stepped back from a limit does not step over it at once. */
const EASY = 0.85;
/** Weight of the newest figures, four a second: a burst or a collection of garbage is no overload, a second of it is. */
const NEWEST = 0.4;
/** No figure counts for more, or one long pause would count as an overload. */
const MOST = 1.5;

export const noLoad: Load = { loop: 0, lateness: 0, media: 0, mediaLateness: 0, memory: 0, hooks: 0 };

/** Each figure as a part of its limit, with its past in it. */
export function smoothed(before: Load, now: Load, limits: Load): Load {
  const ratios: Record<LoadSignal, number> = { ...before };
  for (const signal of loadSignals) {
    const ratio = Math.min(MOST, now[signal] / limits[signal]);
    ratios[signal] += NEWEST * (ratio - ratios[signal]);
  }
  return ratios;
}

export function worstOf(ratios: Load): Pressure {
  let worst: Pressure = { value: 0, signal: 'loop' };
  for (const signal of loadSignals) if (ratios[signal] > worst.value) worst = { value: ratios[signal], signal };
  return worst;
}

export function strainOf({ value }: Pressure): Strain {
  if (value >= 1) return 'strained';
  return value >= EASY ? 'tight' : 'easy';
}
