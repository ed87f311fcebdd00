/** The life of a dial. One winner, one end, whatever arrives in one tick: every state answers every event.
 *
 *   ringing ──answered──▶ connecting ──bridged──▶ connected ──winnerGone, timeLimit──▶ ended
 *      └──exhausted, ringTimeout, refused, stop──────────────────────────────────────────▲
 */
import { ignore, type Step, type Table } from '../../../base/index.ts';
import type { OutboundLeg } from '../../../call/index.ts';

export type DialState = 'ringing' | 'connecting' | 'connected' | 'ended';

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
    stop: stopped((end) => ({ type: 'dropWinner', end })),
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
    stop: ignore,
  },
};
