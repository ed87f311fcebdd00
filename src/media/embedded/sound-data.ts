import type { Sound, StreamSettings } from '../../ports/index.ts';
import { busyTone, ringbackTone } from '../tone/countries.ts';
import type { SampleRate } from '../codec/resampler.ts';
import type { SoundData } from './protocol.ts';
import { isAudio } from './route.ts';

/** The beginning of a file that is still coming in is waited for so long in silence, ms. */
export const LATE_MS = 300;

/** A sound as a worker takes it: countries are looked up here. */
export function soundData(sound: Exclude<Sound, { kind: 'file' }>): SoundData {
  switch (sound.kind) {
    case 'ringback':
      return { kind: 'tone', ...ringbackTone(sound.country) };
    case 'busy':
      return { kind: 'tone', ...busyTone(sound.country) };
    case 'tone':
    case 'silence':
      return sound;
  }
}

/** The rate files are decoded to for this far end: what its codec carries, or as much of it as a call is worth. */
export function fileRate(settings: StreamSettings | undefined): SampleRate {
  const codec = settings?.payloads.find(isAudio)?.codec;
  if (codec === 'OPUS') return 24_000;
  return codec === 'G722' ? 16_000 : 8000;
}
