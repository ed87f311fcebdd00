/** The two strongest lines of a spectrum and how much of all power is theirs: what makes a frame a tone. */
import { BIN_HZ } from './spectrum.ts';

/** A Hann window spreads a pure tone over two bins on either side. */
const SPREAD = 2;
/** Below is hum and rumble. */
const LOWEST_BIN = 4;
const HIGHEST_BIN = 124;

export class Peaks {
  /** Hz; `low` is 0 where the second line is too weak to count. */
  strong = 0;
  weak = 0;
  /** Share of the power in the strongest line, and in both, 0 to 1. */
  single = 0;
  both = 0;
  /** Power of the whole spectrum. */
  total = 0;

  /** Reads one spectrum. */
  measure(power: Float64Array): void {
    let total = 1e-12;
    let first = LOWEST_BIN;
    for (let k = 2; k < power.length; k++) total += power[k]!;
    for (let k = LOWEST_BIN; k <= HIGHEST_BIN; k++) if (power[k]! > power[first]!) first = k;
    let second = 0;
    for (let k = LOWEST_BIN; k <= HIGHEST_BIN; k++) {
      // A line of its own is a maximum, not the foot of the strongest.
      if (Math.abs(k - first) <= SPREAD || power[k]! < power[k - 1]! || power[k]! < power[k + 1]!) continue;
      if (second === 0 || power[k]! > power[second]!) second = k;
    }
    this.total = total;
    const strongest = around(power, first, -1);
    this.single = strongest / total;
    this.strong = line(power, first);
    const next = second === 0 ? 0 : around(power, second, first);
    this.both = (strongest + next) / total;
    this.weak = next > 0.04 * strongest ? line(power, second) : 0;
  }
}

/** Power about one line, without what belongs to another. */
function around(power: Float64Array, centre: number, other: number): number {
  let sum = 0;
  for (let k = Math.max(2, centre - SPREAD); k <= centre + SPREAD && k < power.length; k++) {
    if (other < 0 || Math.abs(k - other) > SPREAD) sum += power[k]!;
  }
  return sum;
}

/** Frequency between the bins, by a parabola through the logarithms. */
function line(power: Float64Array, k: number): number {
  const left = Math.log(power[k - 1]! + 1e-15);
  const middle = Math.log(power[k]! + 1e-15);
  const right = Math.log(power[k + 1]! + 1e-15);
  const bend = left - 2 * middle + right;
  return (k + (bend < 0 ? (0.5 * (left - right)) / bend : 0)) * BIN_HZ;
}
