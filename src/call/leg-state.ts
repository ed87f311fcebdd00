/** The life of one leg as hooks see it. Total: a late 180 after the answer or a second final response moves nothing.
 *
 *   queued ◀─▶ trying ─▶ ringing ─▶ early-media ─▶ in-progress ─▶ ended
 *      └──────────┴─────────┴────────────┴──────────────────────────▲
 */
import { ignore, type Step, type Table } from '../base/index.ts';

export type LegState = 'queued' | 'trying' | 'ringing' | 'early-media' | 'in-progress' | 'ended';
export type LegEvent = { type: 'queued' | 'dispatched' | 'rang' | 'earlyMedia' | 'answered' | 'ended' };
/** `report`: the state is news for the status callback. */
export type LegEffect = { type: 'report' };

/** The last word on a leg; what call_status says once it is over. */
export type FinalStatus = 'completed' | 'failed' | 'busy' | 'no-answer' | 'queued';
export type CallStatus = Exclude<LegState, 'ended'> | FinalStatus;

const move = (to: LegState) => (): Step<LegState, LegEffect> => ({ to, effects: [{ type: 'report' }] });

// prettier-ignore
export const legTable: Table<LegState, LegEvent, LegEffect, undefined> = {
  //               no capacity yet         capacity at last            18x without SDP        18x with SDP                     200                              over
  'queued':      { queued: ignore,         dispatched: move('trying'), rang: ignore,          earlyMedia: ignore,              answered: ignore,                ended: move('ended') },
  'trying':      { queued: move('queued'), dispatched: ignore,         rang: move('ringing'), earlyMedia: move('early-media'), answered: move('in-progress'), ended: move('ended') },
  'ringing':     { queued: ignore,         dispatched: ignore,         rang: ignore,          earlyMedia: move('early-media'), answered: move('in-progress'), ended: move('ended') },
  'early-media': { queued: ignore,         dispatched: ignore,         rang: ignore,          earlyMedia: ignore,              answered: move('in-progress'), ended: move('ended') },
  'in-progress': { queued: ignore,         dispatched: ignore,         rang: ignore,          earlyMedia: ignore,              answered: ignore,                ended: move('ended') },
  'ended':       { queued: ignore,         dispatched: ignore,         rang: ignore,          earlyMedia: ignore,              answered: ignore,                ended: ignore },
};

/** What a final response to our INVITE means. reference.md 1.6. `placed`: to a call that REST placed, where a 603 is busy
 * too (reference.md 4.1). */
export function statusOfResponse(status: number, placed = false): FinalStatus {
  if (status === 487) return 'no-answer';
  if (status === 486 || status === 600 || (placed && status === 603)) return 'busy';
  return 'failed';
}
