import { RATE, fillTone } from '../tone/generate.ts';

/** Digits in the order of their RFC 4733 §3.2 event codes. */
export const DIGITS = '0123456789*#ABCD';
/** Longest string of digits one command may send. */
export const MAX_DIGITS = 64;
/** Silence between two digits, ms. */
export const DIGIT_GAP_MS = 60;

/** Low and high group frequencies by event code: ITU-T Q.23. */
// prettier-ignore
const frequencies: readonly (readonly [number, number])[] = [
  [941, 1336], [697, 1209], [697, 1336], [697, 1477], [770, 1209], [770, 1336], [770, 1477], [852, 1209],
  [852, 1336], [852, 1477], [941, 1209], [941, 1477], [697, 1633], [770, 1633], [852, 1633], [941, 1633],
];

/** The event code of a digit, -1 for what is none. */
export function eventOf(digit: string): number {
  return digit.length === 1 ? DIGITS.indexOf(digit.toUpperCase()) : -1;
}

/** The two frequencies of a digit. */
export function digitFrequencies(digit: string): readonly [number, number] | undefined {
  return frequencies[eventOf(digit)];
}

export function areDigits(text: string): boolean {
  if (text.length === 0 || text.length > MAX_DIGITS) return false;
  for (const digit of text) if (eventOf(digit) < 0) return false;
  return true;
}

/** The digits as sound, for far ends without telephone-event. */
export function digitSamples(digits: string, durationMs: number): Int16Array {
  const on = Math.round((durationMs * RATE) / 1000);
  const step = on + (DIGIT_GAP_MS * RATE) / 1000;
  const samples = new Int16Array(step * digits.length);
  for (let i = 0; i < digits.length; i++) {
    const pair = digitFrequencies(digits[i]!);
    if (pair !== undefined) fillTone(samples.subarray(i * step, i * step + on), pair, -7);
  }
  return samples;
}
