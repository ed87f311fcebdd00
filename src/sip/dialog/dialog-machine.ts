/** The life of a confirmed dialog. RFC 3261 §12, §13.3.1.4, §15. */
import { ignore, type Step, type Table } from '../../base/index.ts';
import type { DialogEnd } from './types.ts';

/** unacknowledged: our 200 waits for its ACK. closing: told to end, but §15 forbids a BYE before the ACK.
 * ending: BYE sent, its answer outstanding; a crossing BYE is still answered 200. */
export type DialogState = 'unacknowledged' | 'confirmed' | 'closing' | 'ending' | 'ended';

export type DialogEvent =
  | { readonly type: 'ack' }
  | { readonly type: 'hangup'; readonly end: DialogEnd }
  | { readonly type: 'remoteBye'; readonly end: DialogEnd }
  /** 64·T1 without ACK. */
  | { readonly type: 'noAck'; readonly end: DialogEnd }
  /** The session timer ran out, or a request was answered 408 or by nobody: we still say BYE. */
  | { readonly type: 'dead'; readonly end: DialogEnd }
  /** 481: the peer knows nothing of it any more. */
  | { readonly type: 'gone'; readonly end: DialogEnd }
  | { readonly type: 'byeDone' }
  /** Another node carries it on. */
  | { readonly type: 'abandon' };

export type DialogEffect =
  | { readonly type: 'sendBye' }
  | { readonly type: 'notify'; readonly end: DialogEnd }
  | { readonly type: 'free' };

type Ending = { readonly end: DialogEnd };
type Row = Step<DialogState, DialogEffect>;

// prettier-ignore
export const dialogTable: Table<DialogState, DialogEvent, DialogEffect, unknown> = {
  //                ACK              we hang up           peer's BYE             no ACK               silence              481                BYE answered     left to another
  unacknowledged: { ack: confirmed,  hangup: wait,        remoteBye: over,       noAck: leave,        dead: wait,          gone: over,        byeDone: ignore, abandon: free },
  confirmed:      { ack: ignore,     hangup: leave,       remoteBye: over,       noAck: leave,        dead: leave,         gone: over,        byeDone: ignore, abandon: free },
  closing:        { ack: sayBye,     hangup: ignore,      remoteBye: free,       noAck: sayBye,       dead: ignore,        gone: free,        byeDone: ignore, abandon: free },
  ending:         { ack: ignore,     hangup: ignore,      remoteBye: ignore,     noAck: ignore,       dead: ignore,        gone: ignore,      byeDone: free,   abandon: free },
  ended:          { ack: ignore,     hangup: ignore,      remoteBye: ignore,     noAck: ignore,       dead: ignore,        gone: ignore,      byeDone: ignore, abandon: ignore },
};

function confirmed(): Row {
  return { to: 'confirmed' };
}
function wait({ end }: Ending): Row {
  return { to: 'closing', effects: [{ type: 'notify', end }] };
}
function leave({ end }: Ending): Row {
  return { to: 'ending', effects: [{ type: 'sendBye' }, { type: 'notify', end }] };
}
function over({ end }: Ending): Row {
  return { to: 'ended', effects: [{ type: 'notify', end }, { type: 'free' }] };
}
function sayBye(): Row {
  return { to: 'ending', effects: [{ type: 'sendBye' }] };
}
function free(): Row {
  return { to: 'ended', effects: [{ type: 'free' }] };
}
