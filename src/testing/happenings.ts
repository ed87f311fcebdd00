/** What a phone did and met, call by call, as values: for tests that wait for it and for `graine simulate`, which prints it. */

export type Happening =
  /** An INVITE came in. `from` and `to`: user parts. */
  | { readonly event: 'called'; readonly from: string; readonly to: string }
  | { readonly event: 'answered' }
  | { readonly event: 'refused'; readonly status: number }
  /** The caller gave up before an answer. */
  | { readonly event: 'cancelled' }
  /** The greeting begins; `ms`: how long it is. */
  | { readonly event: 'greeting'; readonly ms: number }
  | { readonly event: 'beep'; readonly hz: number; readonly ms: number }
  /** The beep is over: from now on it counts what is said. */
  | { readonly event: 'listening' }
  /** The end of what was left after the beep. `spokenMs`: sound; `lastedMs`: from the beep to the end, silence included. */
  | { readonly event: 'message'; readonly spokenMs: number; readonly lastedMs: number }
  /** This phone pressed keys: all are up again. */
  | { readonly event: 'pressed'; readonly keys: string; readonly by: 'rtp' | 'info' }
  /** The other party pressed a key. */
  | { readonly event: 'key'; readonly key: string; readonly by: 'rtp' | 'info' }
  /** An answered call is over: hung up there, or here. */
  | { readonly event: 'ended'; readonly by: 'them' | 'us' };

export type PhoneEvent = Happening & {
  /** Wall-clock ms. */
  readonly at: number;
  /** The phone's name. */
  readonly phone: string;
  /** Call-ID. */
  readonly call: string;
};
