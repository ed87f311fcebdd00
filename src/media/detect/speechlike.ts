/** Sound for tests of the detectors: something with the rhythm, the harmonics and the pauses of speech, noise, and tones.
 * Deterministic. 8 kHz samples. */
import { RATE, toneSamples } from '../tone/generate.ts';

const samplesOf = (ms: number): number => Math.round((ms * RATE) / 1000);

/** A generator of numbers in -1..1 that is the same every time. */
function noiseFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Background of a line, dB below full scale. */
export function noise(ms: number, levelDb = -65, seed = 7): Int16Array {
  const random = noiseFrom(seed);
  const amplitude = 32768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  return Int16Array.from({ length: samplesOf(ms) }, () => Math.round(amplitude * random()));
}

/** Syllables of about 180 ms: harmonics of a gliding pitch, with a vowel's shape, and a softer consonant between. */
export function speech(ms: number, { levelDb = -20, pitch = 120, seed = 3 } = {}): Int16Array {
  const random = noiseFrom(seed);
  const samples = new Int16Array(samplesOf(ms));
  const syllable = samplesOf(180);
  let phase = 0;
  let vowel = 500;
  for (let i = 0; i < samples.length; i++) {
    const at = i % syllable;
    if (at === 0) vowel = 450 + 350 * (random() + 1);
    const hz = pitch * (1 + 0.15 * Math.sin((2 * Math.PI * i) / (RATE * 0.7)) + 0.05 * Math.sin(i / 900));
    phase += (2 * Math.PI * hz) / RATE;
    let voiced = 0;
    for (let k = 1; k * hz < 3000; k++) voiced += Math.sin(k * phase) / (1 + Math.abs(k * hz - vowel) / 150);
    const open = at < syllable * 0.75 ? Math.sin((Math.PI * at) / (syllable * 0.75)) : 0.08;
    samples[i] = Math.round(32768 * 10 ** (levelDb / 20) * (0.6 * open * voiced + 0.05 * random()));
  }
  return samples;
}

export function tone(frequencies: readonly number[], ms: number, levelDb = -15): Int16Array {
  return toneSamples(frequencies, ms, levelDb);
}

/** One after the other, with a line's noise under everything. */
export function sequence(parts: readonly Int16Array[], noiseDb = -65): Int16Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const samples = noise((total * 1000) / RATE, noiseDb);
  let at = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) samples[at + i] = clamp(samples[at + i]! + part[i]!);
    at += part.length;
  }
  return samples;
}

export function silence(ms: number): Int16Array {
  return new Int16Array(samplesOf(ms));
}

function clamp(value: number): number {
  return Math.max(-32768, Math.min(32767, value));
}
