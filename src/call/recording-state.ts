/** Whether a call is being recorded: reference.md 4.2 `record`. What may not be done in a state is ignored, which the
 * one who asked is told. */
import { ignore, type Step, type Table } from '../base/index.ts';

export type RecordingState = 'idle' | 'recording' | 'paused';
export type RecordingEvent =
  | { readonly type: 'start' }
  | { readonly type: 'pause'; readonly silence: boolean }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' }
  /** It could not begin, or ended by itself: limit, full disk. */
  | { readonly type: 'ended' };
export type RecordingEffect =
  | { readonly do: 'begin' }
  | { readonly do: 'pause'; readonly silence: boolean }
  | { readonly do: 'resume' }
  | { readonly do: 'finish' };

type Next = Step<RecordingState, RecordingEffect>;

const start = (): Next => ({ to: 'recording', effects: [{ do: 'begin' }] });
const pause = ({ silence }: { silence: boolean }): Next => ({ to: 'paused', effects: [{ do: 'pause', silence }] });
const resume = (): Next => ({ to: 'recording', effects: [{ do: 'resume' }] });
const stop = (): Next => ({ to: 'idle', effects: [{ do: 'finish' }] });
const end = (): Next => ({ to: 'idle' });

// prettier-ignore
export const recordingTable: Table<RecordingState, RecordingEvent, RecordingEffect, undefined> = {
  idle:      { start,         pause: ignore, resume: ignore, stop: ignore, ended: ignore },
  recording: { start: ignore, pause,         resume: ignore, stop,         ended: end },
  paused:    { start: ignore, pause: ignore, resume,         stop,         ended: end },
};
