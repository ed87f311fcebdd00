import type { Cadence, ToneSpec } from './generate.ts';

/** Ringback and busy tones by country: ITU-T E.180 and its supplement 2 ("Various tones used in national networks").
 * A modulated tone (f×m) is written as its two side frequencies. Cadence: on, off, on, off … in ms. */
type Row = readonly [
  ringback: readonly number[],
  ringCadence: readonly number[],
  busy: readonly number[],
  busyCadence: readonly number[],
];

const american: Row = [
  [440, 480],
  [2000, 4000],
  [480, 620],
  [500, 500],
];
const british = [400, 200, 400, 2000];

// prettier-ignore
const rows: Readonly<Record<string, Row>> = {
  AR: [[425],      [1000, 4500],          [425],      [300, 200]],
  AT: [[420],      [1000, 5000],          [420],      [400, 400]],
  AU: [[413, 438], british,               [425],      [375, 375]],
  BE: [[425],      [1000, 3000],          [425],      [500, 500]],
  BR: [[425],      [1000, 4000],          [425],      [250, 250]],
  CA: american,
  CH: [[425],      [1000, 4000],          [425],      [500, 500]],
  CL: [[400],      [1000, 3000],          [400],      [500, 500]],
  CN: [[450],      [1000, 4000],          [450],      [350, 350]],
  CZ: [[425],      [1000, 4000],          [425],      [330, 330]],
  DE: [[425],      [1000, 4000],          [425],      [480, 480]],
  DK: [[425],      [1000, 4000],          [425],      [500, 500]],
  ES: [[425],      [1500, 3000],          [425],      [200, 200]],
  FI: [[425],      [1000, 4000],          [425],      [300, 300]],
  FR: [[440],      [1500, 3500],          [440],      [500, 500]],
  GB: [[400, 450], british,               [400],      [375, 375]],
  GR: [[425],      [1000, 4000],          [425],      [300, 300]],
  HK: [[440, 480], [400, 200, 400, 3000], [480, 620], [500, 500]],
  HU: [[425],      [1250, 3750],          [425],      [300, 300]],
  IE: [[400, 450], british,               [425],      [500, 500]],
  IL: [[400],      [1000, 3000],          [400],      [500, 500]],
  IN: [[375, 425], british,               [400],      [750, 750]],
  IT: [[425],      [1000, 4000],          [425],      [500, 500]],
  JP: [[384, 416], [1000, 2000],          [400],      [500, 500]],
  KR: [[440, 480], [1000, 2000],          [480, 620], [500, 500]],
  LU: [[425],      [1000, 4000],          [425],      [480, 480]],
  MX: [[425],      [1000, 4000],          [425],      [250, 250]],
  MY: [[425],      british,               [425],      [500, 500]],
  NL: [[425],      [1000, 4000],          [425],      [500, 500]],
  NO: [[425],      [1000, 4000],          [425],      [500, 500]],
  NZ: [[400, 450], british,               [400],      [500, 500]],
  PH: [[425, 480], [1000, 4000],          [480, 620], [500, 500]],
  PL: [[425],      [1000, 4000],          [425],      [500, 500]],
  PT: [[425],      [1000, 5000],          [425],      [500, 500]],
  RU: [[425],      [800, 3200],           [425],      [400, 400]],
  SE: [[425],      [1000, 5000],          [425],      [250, 250]],
  SG: [[401, 449], british,               [425],      [750, 750]],
  TH: [[400],      [1000, 4000],          [400],      [500, 500]],
  TR: [[450],      [2000, 4000],          [450],      [500, 500]],
  TW: [[440, 480], [1000, 2000],          [480, 620], [500, 500]],
  US: american,
  ZA: [[367, 433], british,               [400],      [500, 500]],
};

/** The countries of the table. */
export const toneCountries: readonly string[] = Object.keys(rows);

function rowOf(country: string): Row {
  const code = country.toUpperCase();
  return Object.hasOwn(rows, code) ? rows[code]! : american;
}

function cadence(times: readonly number[]): Cadence {
  const parts = [];
  for (let i = 0; i < times.length; i += 2) parts.push({ on: times[i]!, off: times[i + 1]! });
  return parts;
}

/** What a caller hears while it rings. Unknown countries sound like the US. */
export function ringbackTone(country: string): ToneSpec {
  const [frequencies, times] = rowOf(country);
  return { frequencies, levelDb: -16, cadence: cadence(times) };
}

export function busyTone(country: string): ToneSpec {
  const [, , frequencies, times] = rowOf(country);
  return { frequencies, levelDb: -18, cadence: cadence(times) };
}
