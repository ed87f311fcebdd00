/** The three estimates every SIP timer is made of. RFC 3261 §17.1.1.1. */
export type SipTimers = {
  /** Round-trip estimate, milliseconds. */
  readonly t1: number;
  /** Longest interval between retransmissions of a non-INVITE request or an INVITE response. */
  readonly t2: number;
  /** How long a message may stay in the network. */
  readonly t4: number;
};

export const defaultTimers: SipTimers = { t1: 500, t2: 4000, t4: 5000 };

/** Timers B, F, H, J, L and M. */
export function lifetime(timers: SipTimers): number {
  return 64 * timers.t1;
}

/** Timer D: at least 32 s over UDP, whatever T1 is, so scaled with it only in tests. RFC 3261 §17.1.1.2. */
export function lateResponses(timers: SipTimers): number {
  return timers.t1 >= defaultTimers.t1 ? Math.max(32_000, lifetime(timers)) : lifetime(timers);
}

/** Letters of RFC 3261 §17, L and M of RFC 6026, and `100`: the moment the transaction answers Trying by itself. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | '100';

/** §17.2.1: a 100 must leave within 200 ms where nothing else was sent. The wheel may add up to one tick. */
export function tryingDelay(timers: SipTimers): number {
  return timers.t1 / 5;
}
