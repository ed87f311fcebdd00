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
  { hz: [440], on: 300, off: 10_000 },
];
/** Nations' busy and congestion tones differ in their times, and their pauses are as long as their bursts, or shorter. */
const cadenced: readonly (readonly number[])[] = [[425], [400]];
const SHORTEST_PAUSE_MS = 250;
const MARGIN_MS = 100;
/** Shorter is call waiting, which comes again later. */
const CALL_WAITING_MS = 150;
const CALL_WAITING_PAUSE_MS = 3000;
/** Ringing and dial tones, whose bursts are longer than any beep begins to be told. */
const longTones: readonly (readonly number[])[] = [[350, 440], [440, 480], [400, 450], [425], [440], [400], [420]];
const LONG_MS = 780;
/** A beep may be as high as this ringing tone. */
const LONG_440_MS = 950;
/** How far off the generators of networks and fax machines may be: 2 %, and what is measured of it in noise. */
const NEAR = 0.025;
const NEAR_HZ = 12;
const NEAR_MS = 35;

/** ITU-T T.30: calling tone of a fax, and the answer tone of fax and modem (V.25), Hz. */
const CNG_HZ = 1100;
const CNG_NEAR_HZ = 38;
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
const SIT_LEAST_MS = 180;

/** The longest pause after which this burst, if nothing was said before it, would come again; 0 when it is no network's tone. */
export function repeatsAfter(run: ToneRun, ms: number): number {
  let off = 0;
  for (const tone of progressTones) {
    if (Math.abs(ms - tone.on) <= NEAR_MS && hasFrequencies(run, tone.hz)) off = Math.max(off, tone.off);
  }
  if (!cadenced.some((hz) => hasFrequencies(run, hz))) return off;
  const pause = ms < CALL_WAITING_MS ? CALL_WAITING_PAUSE_MS : Math.max(SHORTEST_PAUSE_MS, ms) + MARGIN_MS;
  return Math.max(off, pause);
}

/** As high as a tone that networks make, however long. */
export function isNetwork(run: ToneRun): boolean {
  return longTones.some((hz) => hasFrequencies(run, hz)) || progressTones.some(({ hz }) => hasFrequencies(run, hz));
}

export function isRinging(run: ToneRun, ms: number): boolean {
  return ms >= (hasFrequencies(run, [440]) ? LONG_440_MS : LONG_MS) && longTones.some((hz) => hasFrequencies(run, hz));
}

export function isFaxCall(run: ToneRun, ms: number): boolean {
  return run.companion === 0 && Math.abs(run.frequency - CNG_HZ) < CNG_NEAR_HZ && Math.abs(ms - CNG_MS) < 85;
}

/** As high as a fax answers: how long it lasts will tell. */
export function isFaxHigh(run: ToneRun): boolean {
  return isFaxAnswer(run, CED_MS);
}

export function isFaxAnswer(run: ToneRun, ms: number): boolean {
  return run.companion === 0 && isNear(run.frequency, CED_HZ) && ms >= CED_MS;
}

/** Which tone of a triplet this is: 0, 1, 2, or -1. */
export function sitPlace(run: ToneRun, ms: number): number {
  if (ms < SIT_LEAST_MS || run.companion !== 0) return -1;
  return sitPlaces.findIndex((place) => place.some((hz) => isNear(run.frequency, hz)));
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
  if (high === undefined) return companion === 0 && isNear(frequency, low!);
  // Lines 50 Hz apart and less look like one between them.
  if (companion === 0) return high - low! <= 60 && frequency > low! - NEAR_HZ && frequency < high + NEAR_HZ;
  return isNear(Math.min(frequency, companion), low!) && isNear(Math.max(frequency, companion), high);
}

function isNear(measured: number, hz: number): boolean {
  return Math.abs(measured - hz) < Math.max(NEAR_HZ, NEAR * hz);
}
