/** Sample rate of all sound in the engine. */
export const RATE = 8000;
/** Longest cycle of a tone we keep, ms: bounds what a hostile cadence can make us hold. */
export const MAX_CYCLE_MS = 30_000;

export type Cadence = readonly { readonly on: number; readonly off: number }[];
export type ToneSpec = { readonly frequencies: readonly number[]; readonly levelDb: number; readonly cadence: Cadence };

/** Full-scale sine is +3.14 dBm0 (ITU-T G.711, A-law). */
function amplitude(levelDb: number): number {
  return 32768 * 10 ** ((levelDb - 3.14) / 20);
}

/** Fills `into` with the sum of sines; `levelDb` is the level of the sum. Starts at phase 0. */
export function fillTone(into: Int16Array, frequencies: readonly number[], levelDb: number): void {
  if (frequencies.length === 0) return;
  const each = amplitude(levelDb - 10 * Math.log10(frequencies.length));
  for (let i = 0; i < into.length; i++) {
    let sum = 0;
    for (const frequency of frequencies) sum += Math.sin((2 * Math.PI * frequency * i) / RATE);
    into[i] = Math.max(-32768, Math.min(32767, Math.round(each * sum)));
  }
}

/** A plain tone of `ms`. */
export function toneSamples(frequencies: readonly number[], ms: number, levelDb = -13): Int16Array {
  const samples = new Int16Array(Math.round((ms * RATE) / 1000));
  fillTone(samples, frequencies, levelDb);
  return samples;
}

/** What makes a tone unplayable, or undefined. */
export function toneFault(tone: ToneSpec): string | undefined {
  const cycle = tone.cadence.reduce((sum, part) => sum + part.on + part.off, 0);
  if (tone.frequencies.length === 0 || tone.frequencies.length > 4) return 'a tone has 1 to 4 frequencies';
  if (!tone.frequencies.every((f) => f > 0 && f < RATE / 2)) return 'a frequency is between 0 and 4000 Hz';
  if (!(tone.levelDb <= 3 && tone.levelDb >= -70)) return 'a level is between -70 and 3 dBm0';
  if (!tone.cadence.every((part) => part.on >= 0 && part.off >= 0)) return 'a cadence has no negative times';
  const longest = isContinuous(tone) ? Infinity : MAX_CYCLE_MS;
  if (tone.cadence.length > 16 || !(cycle > 0 && cycle <= longest)) return `a cadence lasts 1 to ${MAX_CYCLE_MS} ms`;
  return undefined;
}

/** One cycle of a tone's cadence, to be repeated. A tone without pauses becomes whole seconds, so that it repeats without
 * a click at any whole number of hertz. */
export function toneCycle(tone: ToneSpec): Int16Array {
  if (isContinuous(tone)) return toneSamples(tone.frequencies, 1000, tone.levelDb);
  const total = tone.cadence.reduce((sum, part) => sum + samplesOf(part.on) + samplesOf(part.off), 0);
  const samples = new Int16Array(total);
  let at = 0;
  for (const part of tone.cadence) {
    fillTone(samples.subarray(at, at + samplesOf(part.on)), tone.frequencies, tone.levelDb);
    at += samplesOf(part.on) + samplesOf(part.off);
  }
  return samples;
}

/** How long one round of the tone sounds, ms; of a continuous one that is not the length of its samples. */
export function toneMs({ cadence }: ToneSpec): number {
  return cadence.reduce((sum, part) => sum + part.on + part.off, 0);
}

function isContinuous({ cadence }: ToneSpec): boolean {
  return cadence.every((part) => part.off === 0);
}

function samplesOf(ms: number): number {
  return Math.round((ms * RATE) / 1000);
}
