/** Levels at a phone's ear. */
import type { PhoneMedia } from '../../src/testing/index.ts';

type Ears = PhoneMedia['ears'];

/** Waits until this ear has heard the tone at this level for so long; the failure says what it heard. */
export async function hearsAt(ears: Ears | undefined, hz: number, level: number, lastMs = 200): Promise<void> {
  const begun = performance.now();
  const last = (): number => ears?.heard(hz, { lastMs }) ?? -99;
  const right = ({ at }: { at: number }): boolean => at >= begun + lastMs && Math.abs(last() - level) < 1.5;
  await ears?.packets.until(right, { what: `${hz} Hz at ${level} dB`, story: () => `heard at ${last()} dB` });
}
