/** The transcribe option of a dial: what caller (1) and callee (2) say, each by itself, from the bridge to its end. */
import type { Leg } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import type { TaskContext } from '../../task.ts';
import { type Side, Transcription } from '../transcription.ts';

export function transcribeDial(
  { session, caller }: TaskContext,
  dial: DialVerb,
  callee: Leg,
): (() => void) | undefined {
  if (dial.transcribe === undefined) return undefined;
  const { enable, transcriptionHook, translationHook, channel, recognizer } = dial.transcribe;
  if (!enable || (transcriptionHook ?? translationHook) === undefined) return undefined;
  const sides: Side[] =
    recognizer?.['separateRecognitionPerChannel'] === false && channel === undefined
      ? [{ leg: caller, channel: 1, source: 'mixed' }]
      : [
          { leg: caller, channel: 1 as const },
          { leg: callee, channel: 2 as const },
        ].filter((side) => channel === undefined || side.channel === channel);
  const transcription = new Transcription(session, { ...dial.transcribe, id: dial.id }, sides);
  return () => void transcription.close();
}
