/** Tones the network and fax machines make, so that they are not taken for a mailbox's beep. */
import { DIGITS, digitFrequencies } from '../dtmf/digits.ts';
import type { ToneRun } from './tone-run.ts';

/** ITU-T E.180 and the national plans: frequencies, Hz, and how long a burst and its pause last, ms. `off` 0: unbroken. */
type Progress = { readonly hz: readonly number[]; readonly on: number; readonly off: number };
// prettier-ignore
const progressTones: readonly Progress[] = [
  { hz: [480, 620], on: 500, off: 500 }, { hz: [480, 620], on: 250, off: 250 },
  { hz: [425], on: 500, off: 500 }, { hz: [425], on: 250, off: 250 }, { hz: [425], on: 200, off: 200 },
  { hz: [400, 450], on: 400, off: 200 },
  { hz: [400], on: 375, off: 375 }, { hz: [400], on: 400, off: 350 },
];
/** Ringing and dial tones, whose bursts are longer than any beep begins to be told. */
const longTones: readonly (readonly number[])[] = [[350, 440], [440, 480], [400, 450], [425], [440], [400], [420]];
const LONG_MS = 950;
const NEAR_HZ = 12;
const NEAR_MS = 35;

/** ITU-T T.30: calling tone of a fax, and the answer tone of fax and modem (V.25), Hz. */
const CNG_HZ = 1100;
const CNG_MS = 500;
const CED_HZ = 2100;
/** Longer than beeps that happen to be as high. */
const CED_MS = 1400;

/** Special information tones (E.180): Hz a place in the triplet may have. */
const sitPlaces: readonly (readonly number[])[] = [
  [914, 950, 985],
  [1371, 1400, 1429],
  [1777, 1800],
];
const SIT_HZ = 25;
const SIT_LEAST_MS = 180;

/** The pause after which this burst, if nothing was said before it, would come again; 0 when it is no network's tone. */
export function repeatsAfter(run: ToneRun, ms: number): number {
  for (const tone of progressTones) {
    if (Math.abs(ms - tone.on) <= NEAR_MS && hasFrequencies(run, tone.hz)) return tone.off;
  }
  return 0;
}

export function isRinging(run: ToneRun, ms: number): boolean {
  return ms >= LONG_MS && longTones.some((hz) => hasFrequencies(run, hz));
}

export function isFaxCall(run: ToneRun, ms: number): boolean {
  return run.companion === 0 && Math.abs(run.frequency - CNG_HZ) < 25 && Math.abs(ms - CNG_MS) < 85;
}

export function isFaxAnswer(run: ToneRun, ms: number): boolean {
  return run.companion === 0 && Math.abs(run.frequency - CED_HZ) < 20 && ms >= CED_MS;
}

/** Which tone of a triplet this is: 0, 1, 2, or -1. */
export function sitPlace(run: ToneRun, ms: number): number {
  if (ms < SIT_LEAST_MS || run.companion !== 0) return -1;
  return sitPlaces.findIndex((place) => place.some((hz) => Math.abs(run.frequency - hz) < SIT_HZ));
}

/** A key of the telephone: two lines of its grid. */
export function isKey(run: ToneRun): boolean {
  if (run.companion === 0) return false;
  for (const digit of DIGITS) if (hasFrequencies(run, digitFrequencies(digit)!)) return true;
  return false;
}

function hasFrequencies(run: ToneRun, hz: readonly number[]): boolean {
  const { frequency, companion } = run;
  const [low, high] = hz;
  if (high === undefined) return companion === 0 && Math.abs(frequency - low!) < NEAR_HZ;
  // Lines 50 Hz apart and less look like one between them.
  if (companion === 0) return high - low! <= 60 && frequency > low! - NEAR_HZ && frequency < high + NEAR_HZ;
  return (
    Math.abs(Math.min(frequency, companion) - low!) < NEAR_HZ &&
    Math.abs(Math.max(frequency, companion) - high) < NEAR_HZ
  );
}
