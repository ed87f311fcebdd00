/** Non-INVITE client transaction. RFC 3261 §17.1.2. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import type { ClientEvent, Context, Effect, Timed } from './events.ts';
import { endNow, failTimeout, failTransport, forget, resendNow, start, stopTimers } from './events.ts';

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type NonInviteClientEvent = ClientEvent | Timed<'E'> | Timed<'F'> | Timed<'K'>;
type Answer = { readonly response: SipResponse };
type Row = Step<NonInviteClientState, Effect>;

// prettier-ignore
export const nonInviteClient: Table<NonInviteClientState, NonInviteClientEvent, Effect, Context> = {
  //            1xx                    2xx                300-699            E: resend        F: give up        K: quiet time   network lost            user gives up
  trying:     { provisional: progress, success: complete, failure: complete, timerE: again,   timerF: timeout,  timerK: ignore, transportError: broken, abandon: end    },
  proceeding: { provisional: progress, success: complete, failure: complete, timerE: slowly,  timerF: timeout,  timerK: ignore, transportError: broken, abandon: end    },
  completed:  { provisional: ignore,   success: ignore,   failure: ignore,   timerE: ignore,  timerF: ignore,   timerK: end,    transportError: ignore, abandon: end    },
  terminated: { provisional: ignore,   success: ignore,   failure: ignore,   timerE: ignore,  timerF: ignore,   timerK: ignore, transportError: ignore, abandon: ignore },
};

function progress({ response }: Answer): Row {
  return { to: 'proceeding', effects: [{ type: 'pass', response }] };
}
function complete({ response }: Answer, c: Context): Row {
  const quiet = start('K', c.reliable ? 0 : c.timers.t4);
  return { to: 'completed', effects: [stopTimers, forget, { type: 'pass', response }, quiet] };
}
function again(_: unknown, c: Context): Row {
  c.interval = Math.min(c.interval * 2, c.timers.t2);
  return { to: 'trying', effects: [resendNow, start('E', c.interval)] };
}
function slowly(_: unknown, c: Context): Row {
  return { to: 'proceeding', effects: [resendNow, start('E', c.timers.t2)] };
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
