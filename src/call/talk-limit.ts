/** The time limit of a placed call: it is hung up when its talk has lasted so long. */
import type { EndCause } from './end-cause.ts';
import type { Leg } from './leg.ts';

const cause: EndCause = { by: 'timelimit', reason: 'the time limit was reached' };

/** `until`: ms since the epoch. */
export function limitTalk(leg: Leg, until: number): void {
  const { clock } = leg.services;
  leg.talkUntil = until;
  const left = Math.max(0, until - clock.now());
  const timer = clock.after(left, `call ${leg.callSid} time limit`, () => leg.hangup(cause));
  leg.events.on('ended', () => timer.cancel());
}
