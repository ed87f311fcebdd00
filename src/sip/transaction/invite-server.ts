/** INVITE server transaction. RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §8.2.
 * `trying` is the RFC's Proceeding before anything was sent: a retransmission, or 200 ms, makes us send the 100. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { Context, Effect, ServerEvent, Timed } from './events.ts';
import { endNow, failTimeout, failTransport, forget, resendNow, start, stopTimers } from './events.ts';
import { lifetime } from './timers.ts';

export type InviteServerState = 'trying' | 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';
export type InviteServerEvent =
  | ServerEvent
  | { readonly type: 'ack' }
  | Timed<'100'>
  | Timed<'G'>
  | Timed<'H'>
  | Timed<'I'>
  | Timed<'L'>;
type Reply = { readonly bytes: Buffer };
type Row = Step<InviteServerState, Effect>;

// prettier-ignore
export const inviteServer: Table<InviteServerState, InviteServerEvent, Effect, Context> = {
  //            INVITE again      user: 1xx              user: 2xx         user: 300-699    ACK             100: 200 ms       G: resend      H: no ACK        I: quiet time   L: late INVITE  network lost
  trying:     { request: trying,  provisional: progress, success: accept,  failure: reject, ack: ignore,    timer100: trying, timerG: ignore, timerH: ignore,  timerI: ignore, timerL: ignore, transportError: told('trying')     },
  proceeding: { request: resend,  provisional: progress, success: accept,  failure: reject, ack: ignore,    timer100: ignore, timerG: ignore, timerH: ignore,  timerI: ignore, timerL: ignore, transportError: told('proceeding') },
  accepted:   { request: ignore,  provisional: ignore,   success: another, failure: ignore, ack: ignore,    timer100: ignore, timerG: ignore, timerH: ignore,  timerI: ignore, timerL: end,    transportError: told('accepted')   },
  completed:  { request: replay,  provisional: ignore,   success: ignore,  failure: ignore, ack: confirm,   timer100: ignore, timerG: again,  timerH: timeout, timerI: ignore, timerL: ignore, transportError: told('completed')  },
  confirmed:  { request: ignore,  provisional: ignore,   success: ignore,  failure: ignore, ack: ignore,    timer100: ignore, timerG: ignore, timerH: ignore,  timerI: end,    timerL: ignore, transportError: ignore             },
  terminated: { request: ignore,  provisional: ignore,   success: ignore,  failure: ignore, ack: ignore,    timer100: ignore, timerG: ignore, timerH: ignore,  timerI: ignore, timerL: ignore, transportError: ignore             },
};

function trying(): Row {
  return { to: 'proceeding', effects: [stopTimers, { type: 'trying' }] };
}
function resend(): Row {
  return { to: 'proceeding', effects: [resendNow] };
}
function progress({ bytes }: Reply): Row {
  return { to: 'proceeding', effects: [stopTimers, { type: 'send', bytes }] };
}
function accept({ bytes }: Reply, c: Context): Row {
  return { to: 'accepted', effects: [stopTimers, { type: 'send', bytes }, forget, start('L', lifetime(c.timers))] };
}
/** The user resends its 2xx until the ACK (RFC 3261 §13.3.1.4); it does not pass through our store. */
function another({ bytes }: Reply): Row {
  return { to: 'accepted', effects: [{ type: 'send', bytes }, forget] };
}
function reject({ bytes }: Reply, c: Context): Row {
  const wait = start('H', lifetime(c.timers));
  const effects: Effect[] = [stopTimers, { type: 'send', bytes }, wait];
  if (!c.reliable) effects.push(start('G', c.interval));
  return { to: 'completed', effects };
}
function replay(): Row {
  return { to: 'completed', effects: [resendNow] };
}
function again(_: unknown, c: Context): Row {
  c.interval = Math.min(c.interval * 2, c.timers.t2);
  return { to: 'completed', effects: [resendNow, start('G', c.interval)] };
}
function confirm(_: unknown, c: Context): Row {
  return { to: 'confirmed', effects: [stopTimers, forget, start('I', c.reliable ? 0 : c.timers.t4)] };
}
function timeout(): Row {
  return { to: 'terminated', effects: [failTimeout, endNow] };
}
/** RFC 6026 §8.5: the user is told, and the transaction stays: the next response may find its way. */
function told(to: InviteServerState): () => Row {
  return () => ({ to, effects: [failTransport] });
}
function end(): Row {
  return { to: 'terminated', effects: [endNow] };
}
