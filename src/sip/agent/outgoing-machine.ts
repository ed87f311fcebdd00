/** The life of an INVITE we send, over all its attempts and forks. RFC 3261 §9.1, §13.2. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';

/** stopping: to be cancelled, but §9.1 forbids a CANCEL before a provisional. cancelling: CANCEL sent. */
export type OutgoingState = 'idle' | 'calling' | 'proceeding' | 'stopping' | 'cancelling' | 'answered' | 'failed';

export type OutgoingEvent =
  /** An attempt left: the first, the next hop, or one with credentials. */
  | { readonly type: 'sent' }
  | { readonly type: 'provisional' }
  | { readonly type: 'success'; readonly response: SipResponse }
  /** A final response that no further attempt mends. */
  | { readonly type: 'refused'; readonly response: SipResponse }
  /** No further attempt, and no response. */
  | { readonly type: 'unreachable'; readonly by: 'timeout' | 'transport'; readonly status: number }
  | { readonly type: 'cancel' }
  /** 64·T1 after the CANCEL. */
  | { readonly type: 'giveUp' };

export type OutgoingEffect =
  | { readonly type: 'sendCancel' }
  | { readonly type: 'abandon' }
  | { readonly type: 'answer'; readonly response: SipResponse }
  /** A 2xx again, or of another fork. */
  | { readonly type: 'another'; readonly response: SipResponse }
  /** ACK and BYE: nobody wants this answer. */
  | { readonly type: 'dismiss'; readonly response: SipResponse }
  | { readonly type: 'fail'; readonly by: 'timeout' | 'transport'; readonly status: number }
  | { readonly type: 'failResponse'; readonly response: SipResponse }
  | { readonly type: 'failCancelled'; readonly response: SipResponse | undefined };

type Answered = { readonly response: SipResponse };
type Row = Step<OutgoingState, OutgoingEffect>;

// prettier-ignore
export const outgoingTable: Table<OutgoingState, OutgoingEvent, OutgoingEffect, unknown> = {
  //            attempt left         1xx                           2xx                final                 no answer              user cancels          64·T1 later
  idle:       { sent: to('calling'), provisional: ignore,          success: ignore,   refused: ignore,      unreachable: fail,     cancel: cancelledNow, giveUp: ignore },
  calling:    { sent: to('calling'), provisional: to('proceeding'), success: answer,  refused: refused,     unreachable: fail,     cancel: to('stopping'), giveUp: ignore },
  proceeding: { sent: to('calling'), provisional: ignore,          success: answer,   refused: refused,     unreachable: fail,     cancel: sendCancel,   giveUp: ignore },
  stopping:   { sent: ignore,        provisional: sendCancel,      success: crossed,  refused: stopped,     unreachable: unheard,  cancel: ignore,       giveUp: ignore },
  cancelling: { sent: ignore,        provisional: ignore,          success: crossed,  refused: stopped,     unreachable: unheard,  cancel: ignore,       giveUp: giveUp },
  answered:   { sent: ignore,        provisional: ignore,          success: another,  refused: ignore,      unreachable: ignore,   cancel: ignore,       giveUp: ignore },
  failed:     { sent: ignore,        provisional: ignore,          success: late,     refused: ignore,      unreachable: ignore,   cancel: ignore,       giveUp: ignore },
};

function to(state: OutgoingState): () => Row {
  const step: Row = { to: state };
  return () => step;
}
function answer({ response }: Answered): Row {
  return { to: 'answered', effects: [{ type: 'answer', response }] };
}
function another({ response }: Answered): Row {
  return { to: 'answered', effects: [{ type: 'another', response }] };
}
function refused({ response }: Answered): Row {
  return { to: 'failed', effects: [{ type: 'failResponse', response }] };
}
function fail({ by, status }: { by: 'timeout' | 'transport'; status: number }): Row {
  return { to: 'failed', effects: [{ type: 'fail', by, status }] };
}
function sendCancel(): Row {
  return { to: 'cancelling', effects: [{ type: 'sendCancel' }] };
}
function crossed({ response }: Answered): Row {
  return {
    to: 'failed',
    effects: [
      { type: 'dismiss', response },
      { type: 'failCancelled', response },
    ],
  };
}
function stopped({ response }: Answered): Row {
  return { to: 'failed', effects: [{ type: 'failCancelled', response }] };
}
function unheard(): Row {
  return { to: 'failed', effects: [{ type: 'failCancelled', response: undefined }] };
}
function cancelledNow(): Row {
  return { to: 'failed', effects: [{ type: 'failCancelled', response: undefined }] };
}
function giveUp(): Row {
  return { to: 'failed', effects: [{ type: 'abandon' }, { type: 'failCancelled', response: undefined }] };
}
function late({ response }: Answered): Row {
  return { to: 'failed', effects: [{ type: 'another', response }] };
}
