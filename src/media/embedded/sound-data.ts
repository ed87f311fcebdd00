import type { Sound } from '../../ports/index.ts';
import { busyTone, ringbackTone } from '../tone/countries.ts';
import type { SoundData } from './protocol.ts';

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
