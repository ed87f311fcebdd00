/** Levels at a phone's ear, and in what was recorded. */
import { levelOf, type PhoneMedia } from '../../src/testing/index.ts';

type Ears = PhoneMedia['ears'];

/** Waits until this ear has heard the tone at this level for so long; the failure says what it heard. */
export async function hearsAt(ears: Ears | undefined, hz: number, level: number, lastMs = 200): Promise<void> {
  const begun = performance.now();
  const last = (): number => ears?.heard(hz, { lastMs }) ?? -99;
  const right = ({ at }: { at: number }): boolean => at >= begun + lastMs && Math.abs(last() - level) < 1.5;
  await ears?.packets.until(right, { what: `${hz} Hz at ${level} dB`, story: () => `heard at ${last()} dB` });
}

/** In the 100 ms where it is loudest: pauses and late packets say nothing about whose voice a recording has. */
export function loudest(samples: Int16Array, hz: number): number {
  const starts = Array.from({ length: Math.floor(samples.length / 800) }, (_, n) => n * 800);
  return Math.max(...starts.map((start) => levelOf(samples.subarray(start, start + 800), hz)));
}
