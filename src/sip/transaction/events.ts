/** What the four machines hear and what they ask for: data, so that the tables need no socket and no clock. */
import type { SipResponse } from '../message/index.ts';
import type { SipTimers, TimerName } from './timers.ts';

/** What a table may read (and the one thing it counts): given by the transaction that runs it. */
export type Context = {
  /** The transport resends by itself (TCP, TLS, WS): no retransmissions, no quiet times. */
  readonly reliable: boolean;
  readonly timers: SipTimers;
  /** Current retransmission interval (A, E, G), milliseconds. */
  interval: number;
};

export type ClientEvent =
  | { readonly type: 'provisional'; readonly response: SipResponse }
  | { readonly type: 'success'; readonly response: SipResponse }
  | { readonly type: 'failure'; readonly response: SipResponse }
  | { readonly type: 'transportError' }
  /** The user no longer waits: 64·T1 after its CANCEL, or closing down. RFC 3261 §9.1. */
  | { readonly type: 'abandon' };

export type ServerEvent =
  /** The request came again. */
  | { readonly type: 'request' }
  | { readonly type: 'provisional'; readonly bytes: Buffer }
  | { readonly type: 'success'; readonly bytes: Buffer }
  | { readonly type: 'failure'; readonly bytes: Buffer }
  | { readonly type: 'transportError' };

export type Timed<T extends TimerName> = { readonly type: `timer${T}` };

export type Effect =
  /** The stored message again: our request, or the last response. */
  | { readonly type: 'resend' }
  /** Store and send a response. */
  | { readonly type: 'send'; readonly bytes: Buffer }
  /** Make and send our own 100 Trying. */
  | { readonly type: 'trying' }
  /** ACK of a non-2xx final response. */
  | { readonly type: 'ack'; readonly response: SipResponse }
  | { readonly type: 'pass'; readonly response: SipResponse }
  /** Nobody can ask for the stored message any more. */
  | { readonly type: 'forget' }
  | { readonly type: 'fail'; readonly reason: 'timeout' | 'transport' }
  | { readonly type: 'start'; readonly timer: TimerName; readonly ms: number }
  /** Every timer that runs. */
  | { readonly type: 'stop' }
  | { readonly type: 'end' };

export const resendNow: Effect = { type: 'resend' };
export const stopTimers: Effect = { type: 'stop' };
export const forget: Effect = { type: 'forget' };
export const endNow: Effect = { type: 'end' };
export const failTimeout: Effect = { type: 'fail', reason: 'timeout' };
export const failTransport: Effect = { type: 'fail', reason: 'transport' };

export function start(timer: TimerName, ms: number): Effect {
  return { type: 'start', timer, ms };
}
