/** The milestones of every call as lines of the log: about six a call. Everything else is in its timeline. */
import type { CallTrace, Log, TraceChannel } from '../base/index.ts';

/** Milestones of the session itself, told by its first leg. */
const ofCaller: ReadonlyMap<string, string> = new Map([
  ['session.started', 'call started'],
  ['leg.in-progress', 'call answered'],
  ['session.ending', 'call ending'],
  ['application.refused', 'the application answered with verbs that are not valid'],
]);
/** Milestones told by any leg. */
const ofAny: ReadonlyMap<string, string> = new Map([
  ['dial.winner', 'dial connected'],
  ['dial.ended', 'dial ended'],
  ['leg.failover', 'gateway failed, trying the next'],
  ['media.failed', 'audio failed'],
]);

function messageOf(event: CallTrace): string | undefined {
  return ofAny.get(event.what) ?? (event.callSid === event.sessionSid ? ofCaller.get(event.what) : undefined);
}

/** Returns the way to stop it. */
export function logCalls(trace: TraceChannel, log: Log): () => void {
  const off = trace.on('event', (event) => {
    if (event.kind === 'end') log.info({ callSid: event.sessionSid }, 'call over', event.at);
    if (event.kind !== 'call') return;
    const message = messageOf(event);
    if (message === undefined) return;
    const { callSid, sessionSid, detail } = event;
    const session = callSid === sessionSid ? {} : { sessionSid };
    log.info({ callSid, ...session, ...detail }, message, event.at);
  });
  return () => {
    trace.flush();
    off();
  };
}
