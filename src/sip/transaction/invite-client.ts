/** INVITE client transaction. RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §8.4. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import type { ClientEvent, Context, Effect, Timed } from './events.ts';
import { endNow, failTimeout, failTransport, forget, resendNow, start, stopTimers } from './events.ts';
import { lateResponses, lifetime } from './timers.ts';

export type InviteClientState = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated';
export type InviteClientEvent = ClientEvent | Timed<'A'> | Timed<'B'> | Timed<'D'> | Timed<'M'>;
type Answer = { readonly response: SipResponse };
type Row = Step<InviteClientState, Effect>;

// prettier-ignore
export const inviteClient: Table<InviteClientState, InviteClientEvent, Effect, Context> = {
  //            1xx                     2xx                 300-699           A: resend         B: give up        D: quiet time   M: late 2xx     network lost            user gives up
  calling:    { provisional: progress,  success: accept,    failure: reject,  timerA: again,    timerB: timeout,  timerD: ignore, timerM: ignore, transportError: broken, abandon: end    },
  proceeding: { provisional: pass,      success: accept,    failure: reject,  timerA: ignore,   timerB: ignore,   timerD: ignore, timerM: ignore, transportError: broken, abandon: end    },
  accepted:   { provisional: ignore,    success: another,   failure: ignore,  timerA: ignore,   timerB: ignore,   timerD: ignore, timerM: end,    transportError: ignore, abandon: end    },
  completed:  { provisional: ignore,    success: ignore,    failure: ackAgain,timerA: ignore,   timerB: ignore,   timerD: end,    timerM: ignore, transportError: end,    abandon: end    },
  terminated: { provisional: ignore,    success: ignore,    failure: ignore,  timerA: ignore,   timerB: ignore,   timerD: ignore, timerM: ignore, transportError: ignore, abandon: ignore },
};

function progress({ response }: Answer): Row {
  return { to: 'proceeding', effects: [stopTimers, { type: 'pass', response }] };
}
function pass({ response }: Answer): Row {
  return { to: 'proceeding', effects: [{ type: 'pass', response }] };
}
function accept({ response }: Answer, c: Context): Row {
  return {
    to: 'accepted',
    effects: [stopTimers, forget, start('M', lifetime(c.timers)), { type: 'pass', response }],
  };
}
/** A 2xx again, or one of another fork: each is the user's to acknowledge. */
function another({ response }: Answer): Row {
  return { to: 'accepted', effects: [{ type: 'pass', response }] };
}
function reject({ response }: Answer, c: Context): Row {
  const quiet = start('D', c.reliable ? 0 : lateResponses(c.timers));
  return { to: 'completed', effects: [stopTimers, { type: 'ack', response }, { type: 'pass', response }, quiet] };
}
function ackAgain(): Row {
  return { to: 'completed', effects: [resendNow] };
}
function again(_: unknown, c: Context): Row {
  c.interval *= 2;
  return { to: 'calling', effects: [resendNow, start('A', c.interval)] };
}
function timeout(): Row {
  return { to: 'terminated', effects: [failTimeout, endNow] };
}
function broken(): Row {
  return { to: 'terminated', effects: [failTransport, endNow] };
}
function end(): Row {
  return { to: 'terminated', effects: [endNow] };
}
