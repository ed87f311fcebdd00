/** Non-INVITE server transaction. RFC 3261 §17.2.2. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { Context, Effect, ServerEvent, Timed } from './events.ts';
import { endNow, failTransport, resendNow, start } from './events.ts';
import { lifetime } from './timers.ts';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type NonInviteServerEvent = ServerEvent | Timed<'J'>;
type Reply = { readonly bytes: Buffer };
type Row = Step<NonInviteServerState, Effect>;

// prettier-ignore
export const nonInviteServer: Table<NonInviteServerState, NonInviteServerEvent, Effect, Context> = {
  //            request again     user: 1xx              user: 2xx          user: 300-699      J: quiet time   network lost
  trying:     { request: ignore,  provisional: progress, success: complete, failure: complete, timerJ: ignore, transportError: broken },
  proceeding: { request: resend,  provisional: progress, success: complete, failure: complete, timerJ: ignore, transportError: broken },
  completed:  { request: replay,  provisional: ignore,   success: ignore,   failure: ignore,   timerJ: end,    transportError: broken },
  terminated: { request: ignore,  provisional: ignore,   success: ignore,   failure: ignore,   timerJ: ignore, transportError: ignore },
};

function progress({ bytes }: Reply): Row {
  return { to: 'proceeding', effects: [{ type: 'send', bytes }] };
}
function resend(): Row {
  return { to: 'proceeding', effects: [resendNow] };
}
function complete({ bytes }: Reply, c: Context): Row {
  return { to: 'completed', effects: [{ type: 'send', bytes }, start('J', c.reliable ? 0 : lifetime(c.timers))] };
}
function replay(): Row {
  return { to: 'completed', effects: [resendNow] };
}
function broken(): Row {
  return { to: 'terminated', effects: [failTransport, endNow] };
}
function end(): Row {
  return { to: 'terminated', effects: [endNow] };
}
