/** dub: extra tracks beside the main one. What it must satisfy beyond its shape. */
import { gainLimits, isGain } from '../../base/index.ts';
import type { DialFault, DubVerb } from './types.ts';

/** Each rule the dub breaks; empty when it can run. */
export function dubFaults({ action, play, say, gain }: DubVerb): DialFault[] {
  const faults: DialFault[] = [];
  const nothing = { got: 'nothing' } as const;
  if (action === 'playOnTrack' && play === undefined) faults.push({ at: ['play'], expected: 'a URL', ...nothing });
  if (action === 'sayOnTrack' && say === undefined) faults.push({ at: ['say'], expected: 'a text', ...nothing });
  const sounds = play === undefined ? 'say' : 'play';
  if (play !== undefined && say !== undefined)
    faults.push({ at: ['say'], expected: 'play or say, not both', got: 'both' });
  const mute = action === 'removeTrack' || action === 'silenceTrack';
  if (mute && (play !== undefined || say !== undefined))
    faults.push({ at: [sounds], expected: `nothing to hear with ${action}`, got: 'a value' });
  if (!isGain(gain))
    faults.push({ at: ['gain'], expected: `${gainLimits.least} to ${gainLimits.most} dB`, got: 'no such level' });
  return faults;
}
