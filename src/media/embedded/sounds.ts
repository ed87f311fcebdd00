import { toneCycle, toneFault } from '../tone/generate.ts';
import type { SoundData } from './protocol.ts';
import { FRAME } from './player.ts';

/** Tones kept for the next call that wants them. */
const MAX_KEPT = 32;
const kept = new Map<string, Int16Array>();
const silence = new Int16Array(FRAME);

/** The samples of a sound. Throws with the reason when there are none. */
export function soundSamples(sound: SoundData): Int16Array {
  if (sound.kind === 'silence') return silence;
  if (sound.kind === 'samples') return new Int16Array(sound.samples);
  const fault = toneFault(sound);
  if (fault !== undefined) throw new Error(fault);
  const key = JSON.stringify(sound);
  let samples = kept.get(key);
  if (samples === undefined) {
    samples = toneCycle(sound);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(key, samples);
  }
  return samples;
}
