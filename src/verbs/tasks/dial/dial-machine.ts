/** The life of a dial. One winner, one end, whatever arrives in one tick: every state answers every event.
 *
 *   ringing ──answered──▶ connecting ──bridged──▶ connected ──winnerGone, timeLimit──▶ ended
 *      └──exhausted, ringTimeout, refused, stop──────────────────────────────────────────▲
 *
 * connected ──referred by the callee──▶ ended: the caller runs other verbs, the callee waits for word of them.
 * connected ──referred by the caller──▶ referring ──settled, stop──▶ ended: the callee has its own application.
 */
import { ignore, type Step, type Table } from '../../../base/index.ts';
import type { OutboundLeg } from '../../../call/index.ts';

export type DialState = 'ringing' | 'connecting' | 'connected' | 'referring' | 'ended';

/** Who or what brought the dial to its end. */
export type DialEnd = 'callee' | 'caller' | 'timelimit' | 'api' | 'error' | 'timeout' | 'exhausted';

export type DialEvent =
  /** A callee answered (and, with screening, accepted). */
  | { type: 'answered'; child: OutboundLeg }
  /** Nobody rings and nobody is left to ring. */
  | { type: 'exhausted' }
  | { type: 'ringTimeout' }
  | { type: 'refused' }
  | { type: 'bridged' }
  | { type: 'bridgeFailed' }
  /** The winner's leg is over: its own doing, the API's, or a fault. */
  | { type: 'winnerGone'; by: 'callee' | 'api' | 'error' }
  | { type: 'timeLimit' }
  /** One party's REFER was accepted: the other leaves for the verbs it is to run. */
  | { type: 'referred'; by: 'caller' | 'callee' }
  /** The caller's REFER came to its end. */
  | { type: 'settled' }
  /** The caller is gone, or the application was replaced. */
  | { type: 'stop'; by: 'caller' | 'api' };

export type DialEffect =
  | { type: 'elect'; child: OutboundLeg }
  /** Answered too late: BYE, with the reason. */
  | { type: 'surplus'; child: OutboundLeg }
  /** Everything that still rings is cancelled. */
  | { type: 'cancelRinging'; because: 'elsewhere' | 'timeout' | 'stop' }
  | { type: 'startTimeLimit' }
  | { type: 'dropWinner'; end: DialEnd }
  /** The two no longer hear each other, and neither is hung up. */
  | { type: 'part' }
  | { type: 'finish'; end: DialEnd };

type Cell = Step<DialState, DialEffect>;
const surplus =
  (state: DialState) =>
  (e: { child: OutboundLeg }): Cell => ({ to: state, effects: [{ type: 'surplus', child: e.child }] });
const over =
  (end: DialEnd, ...before: DialEffect[]) =>
  (): Cell => ({ to: 'ended', effects: [...before, { type: 'finish', end }] });
const drop = (end: DialEnd) => over(end, { type: 'dropWinner', end });
const stopped =
  (before: (by: DialEnd) => DialEffect) =>
  (e: { by: 'caller' | 'api' }): Cell =>
    over(e.by, before(e.by))();
const elect = (e: { child: OutboundLeg }): Cell => ({
  to: 'connecting',
  effects: [
    { type: 'cancelRinging', because: 'elsewhere' },
    { type: 'elect', child: e.child },
  ],
});
const talk = (): Cell => ({ to: 'connected', effects: [{ type: 'startTimeLimit' }] });

const referred = (e: { by: 'caller' | 'callee' }): Cell =>
  e.by === 'callee' ? over('callee', { type: 'part' })() : { to: 'referring', effects: [{ type: 'part' }] };

const gone = (e: { by: DialEnd }): Cell => over(e.by)();

export const dialTable: Table<DialState, DialEvent, DialEffect, undefined> = {
  ringing: {
    answered: elect,
    exhausted: over('exhausted'),
    ringTimeout: over('timeout', { type: 'cancelRinging', because: 'timeout' }),
    refused: over('error'),
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    stop: stopped(() => ({ type: 'cancelRinging', because: 'stop' })),
  },
  connecting: {
    answered: surplus('connecting'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: talk,
    bridgeFailed: drop('error'),
    winnerGone: gone,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    stop: stopped((end) => ({ type: 'dropWinner', end })),
  },
  connected: {
    answered: surplus('connected'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: gone,
    timeLimit: drop('timelimit'),
    referred,
    settled: ignore,
    stop: stopped((end) => ({ type: 'dropWinner', end })),
  },
  // The callee has left for an application of its own: what it does is no longer ours.
  referring: {
    answered: surplus('referring'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: over('caller'),
    stop: (e) => over(e.by)(),
  },
  ended: {
    answered: surplus('ended'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    stop: ignore,
  },
};
