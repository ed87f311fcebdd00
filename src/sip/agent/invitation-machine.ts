/** The life of an INVITE we were sent, until its final response. RFC 3261 §13.3, RFC 3262 §3. */
import { ignore, type Step, type Table } from '../../base/index.ts';

/** accepting: the 200 waits for the PRACK of an 18x that carried SDP. */
export type InvitationState = 'open' | 'accepting' | 'answered' | 'refused' | 'cancelled';

export type InvitationEvent = {
  readonly type:
    | 'accept'
    /** No reliable provisional is outstanding any more. */
    | 'quiet'
    | 'reject'
    /** CANCEL, a BYE of the early dialog, or its connection died. */
    | 'cancel'
    /** 64·T1 without PRACK. */
    | 'lost';
};

export type InvitationEffect = {
  readonly type: 'holdAnswer' | 'sendAnswer' | 'sendRefusal' | 'send487' | 'send504' | 'killDialog' | 'tell' | 'free';
};

type Row = Step<InvitationState, InvitationEffect>;

// prettier-ignore
export const invitationTable: Table<InvitationState, InvitationEvent, InvitationEffect, unknown> = {
  //           user: 200                       nothing outstanding                      user: 300-699                          CANCEL                                                 no PRACK
  open:      { accept: row('accepting', 'holdAnswer'), quiet: ignore,                    reject: row('refused', 'sendRefusal', 'free'), cancel: row('cancelled', 'send487', 'free', 'tell'), lost: row('cancelled', 'send504', 'free', 'tell') },
  accepting: { accept: ignore,                 quiet: row('answered', 'sendAnswer'),     reject: ignore,                        cancel: row('cancelled', 'send487', 'free', 'killDialog'), lost: row('refused', 'send504', 'free', 'killDialog') },
  answered:  { accept: ignore,                 quiet: ignore,                            reject: ignore,                        cancel: ignore,                                        lost: ignore },
  refused:   { accept: ignore,                 quiet: ignore,                            reject: ignore,                        cancel: ignore,                                        lost: ignore },
  cancelled: { accept: ignore,                 quiet: ignore,                            reject: ignore,                        cancel: ignore,                                        lost: ignore },
};

function row(to: InvitationState, ...types: ReadonlyArray<InvitationEffect['type']>): () => Row {
  const step: Row = { to, effects: types.map((type) => ({ type })) };
  return () => step;
}
