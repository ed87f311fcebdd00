/** What the callee hears besides the caller as it is: boostAudioSignal and dub. A callee that goes on as a call of its own
 * (referHook) takes nothing of this dial along. */
import { messageOf } from '../../../base/index.ts';
import { type Leg, setGain } from '../../../call/index.ts';
import type { DialVerb, DubVerb } from '../../schema/schema.ts';
import type { TaskContext } from '../../task.ts';
import { DubTask } from '../dub.ts';

/** dB; what is no level is none. */
export function gainOf({ boostAudioSignal: db }: DialVerb): number {
  return Number.isNaN(db) ? 0 : db;
}

export function boost({ session, caller }: TaskContext, dial: DialVerb, winner: Leg): (() => void) | undefined {
  const db = gainOf(dial);
  if (Number.isNaN(dial.boostAudioSignal)) {
    const message = 'dial.boostAudioSignal: expected -60 to 40 dB, such as "-6 dB"';
    const where = { accountSid: session.accountSid, callSid: caller.callSid };
    session.services.alerts.raise({ ...where, type: 'invalid-app-payload', message });
  }
  if (db === 0) return undefined;
  setGain(winner, db).catch((fault: unknown) => winner.note('media.failed', { reason: messageOf(fault) }));
  return () => void setGain(winner, 0).catch(() => {});
}

export function dubTracks(context: TaskContext, { dub }: DialVerb, winner: Leg): (() => void) | undefined {
  if (dub.length === 0) return undefined;
  const callee = { ...context, caller: winner };
  const waiting = dub.map((each) => new DubTask(callee, each));
  void inTurn(waiting);
  const tracks = new Set(dub.map(({ track }) => track));
  return () => {
    waiting.splice(0);
    if (winner.end !== undefined) return;
    for (const track of tracks) void new DubTask(callee, removal(track)).begin();
  };
}

/** Until the list is emptied. */
async function inTurn(tasks: readonly DubTask[]): Promise<void> {
  for (const task of tasks) await task.run();
}

function removal(track: string): DubVerb {
  const silent = { play: undefined, say: undefined, loop: 1, gain: 0 };
  return { verb: 'dub', id: undefined, action: 'removeTrack', track, ...silent };
}
