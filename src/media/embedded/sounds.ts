import { RATE, toneCycle, toneFault } from '../tone/generate.ts';
import type { SoundData } from './protocol.ts';
import { SharedSound } from '../files/shared-sound.ts';
import { FRAME, type Samples } from './player.ts';

/** Tones kept for the next call that wants them. */
const MAX_KEPT = 32;
const kept = new Map<string, Samples>();
const silence = constant(new Int16Array(FRAME));

/** The samples of a sound. Throws with the reason when there are none. */
export function soundSamples(sound: SoundData): Samples {
  if (sound.kind === 'silence') return silence;
  if (sound.kind === 'samples') return new SharedSound(sound.samples);
  const fault = toneFault(sound);
  if (fault !== undefined) throw new Error(fault);
  const key = JSON.stringify(sound);
  let samples = kept.get(key);
  if (samples === undefined) {
    samples = constant(toneCycle(sound));
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(key, samples);
  }
  return samples;
}

/** Samples of 8 kHz that are all there. */
export function constant(samples: Int16Array): Samples {
  return { rate: RATE, samples, ready: samples.length, ended: true, fault: undefined };
}
