/** exitMediaPath: the media of a connected dial goes from far end to far end. decisions.md "Bridge and media path". */
import { keyWayOf, type Leg, MediaPath, type PathSnapshot } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import type { TaskContext } from '../../task.ts';
import { gainOf } from './tracks.ts';

/** What of this dial needs the media here. anchorMedia beats exitMediaPath. */
const anchors: readonly (readonly [name: string, asked: (dial: DialVerb) => boolean])[] = [
  ['anchorMedia', (dial) => dial.anchorMedia],
  ['listen', (dial) => dial.listen !== undefined],
  ['transcribe', (dial) => dial.transcribe !== undefined],
  ['dub', (dial) => dial.dub.length > 0],
  ['amd', (dial) => dial.amd !== undefined],
  ['boostAudioSignal', (dial) => gainOf(dial) !== 0],
];

/** `left`: its media has left already, in an earlier process. */
export function pathOf(context: TaskContext, dial: DialVerb, winner: Leg, left?: PathSnapshot): MediaPath {
  const { caller, session, background } = context;
  const anchoredBy = (): string | undefined => {
    const [anchor] = anchors.find(([, asked]) => asked(dial)) ?? [];
    if (anchor !== undefined) return anchor;
    if (session.recording.state !== 'idle') return 'the recording';
    if ([caller, winner].some((leg) => keyWayOf(leg) === 'tones')) return 'dtmf_type tones';
    return background.anchor;
  };
  return new MediaPath(caller, winner, anchoredBy, left);
}

/** Leaves as the dial asks. False when it had to and could not; else a failure is an alert, and the call goes on here. */
export async function leaveMedia({ session, caller }: TaskContext, dial: DialVerb, path: MediaPath): Promise<boolean> {
  if (dial.exitMediaPath === false) return true;
  const moved = await path.leave();
  if (moved.ok || path.state === 'closed') return moved.ok;
  caller.note('media.stays', { reason: moved.reason });
  session.services.alerts.raise({
    accountSid: session.accountSid,
    callSid: caller.callSid,
    type: 'media-failure',
    message: `exitMediaPath: ${moved.reason}`,
  });
  return dial.exitMediaPath !== 'strict';
}
