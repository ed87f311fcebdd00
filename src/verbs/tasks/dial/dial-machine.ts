/** The life of a dial. One winner, one end, whatever arrives in one tick: every state answers every event.
 *
 *   ringing ──answered, accepted──▶ connecting ──bridged──▶ connected ──winnerGone, timeLimit──▶ ended
 *      ├──ringTimeout, some are being screened──▶ screening ──accepted──▶ connecting             ▲
 *      └──exhausted, ringTimeout, refused, stop───────┴──exhausted, refused, stop────────────────┘
 *
 * connected ──referred by the callee──▶ ended: the caller runs other verbs, the callee waits for word of them.
 * connected ──referred by the caller──▶ referring ──settled, stop──▶ ended: the callee has its own application.
 *
 * A callee with a confirmHook answers into its confirm application (`screen`), one behind the gate of amd into its
 * detection; while it is there the others go on
 * ringing, and others may be there too. The first to accept wins.
 */
import { ignore, type Step, type Table } from '../../../base/index.ts';
import type { Leg, OutboundLeg } from '../../../call/index.ts';
import type { Screen } from './confirm.ts';

export type DialState = 'ringing' | 'screening' | 'connecting' | 'connected' | 'referring' | 'ended';

/** Who or what brought the dial to its end. unbridged: a callee was elected, but the two never heard each other. */
export type DialEnd = 'callee' | 'caller' | 'timelimit' | 'api' | 'error' | 'timeout' | 'exhausted' | 'unbridged';

export type DialEvent =
  /** A callee answered; `confirm`: it is to be screened first. */
  | { type: 'answered'; child: OutboundLeg; confirm: Screen | undefined }
  /** A callee's confirm application ended with the callee still there. */
  | { type: 'accepted'; child: Leg }
  /** Nobody rings and nobody is left to ring. */
  | { type: 'exhausted' }
  /** `screened`: how many callees are in their confirm applications. They have a limit of their own. */
  | { type: 'ringTimeout'; screened: number }
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
  /** The winner becomes a call of its own. */
  | { type: 'letGo' }
  /** The caller is gone, or the application was replaced. */
  | { type: 'stop'; by: 'caller' | 'api' | 'timelimit' | 'error' };

export type DialEffect =
  | { type: 'elect'; child: Leg }
  /** The confirm application begins; nobody has won yet. */
  | { type: 'screen'; child: OutboundLeg; confirm: Screen }
  /** Answered too late: BYE, with the reason. */
  | { type: 'surplus'; child: Leg }
  /** Everything that still rings is cancelled. */
  | { type: 'cancelRinging'; because: 'elsewhere' | 'timeout' | 'stop' }
  /** Every confirm application ends; callees other than `except` get BYE. */
  | { type: 'dropScreened'; except: Leg | undefined }
  | { type: 'startTimeLimit' }
  | { type: 'dropWinner'; end: DialEnd }
  /** The two no longer hear each other, and neither is hung up. */
  | { type: 'part' }
  | { type: 'finish'; end: DialEnd };

type Cell = Step<DialState, DialEffect>;
const surplus =
  (state: DialState) =>
  (e: { child: Leg }): Cell => ({ to: state, effects: [{ type: 'surplus', child: e.child }] });
const over =
  (end: DialEnd, ...before: DialEffect[]) =>
  (): Cell => ({ to: 'ended', effects: [...before, { type: 'finish', end }] });
const drop = (end: DialEnd) => over(end, { type: 'dropWinner', end });
const stopped =
  (before: (by: DialEnd) => readonly DialEffect[]) =>
  (e: { by: DialEnd }): Cell =>
    over(e.by, ...before(e.by))();
/** Nobody is left: those who ring are cancelled, those in their confirm applications hung up. */
const abandoned = stopped(() => [
  { type: 'cancelRinging', because: 'stop' },
  { type: 'dropScreened', except: undefined },
]);
const dropped = stopped((end) => [{ type: 'dropWinner', end }]);
const droppedUnbridged = (e: { by: DialEnd }): Cell => dropped({ by: e.by === 'error' ? 'unbridged' : e.by });
const picked = (e: { child: OutboundLeg; confirm: Screen | undefined }): Cell =>
  e.confirm === undefined
    ? elect(e)
    : { to: 'ringing', effects: [{ type: 'screen', child: e.child, confirm: e.confirm }] };
const rangOut = (e: { screened: number }): Cell =>
  e.screened === 0
    ? over('timeout', { type: 'cancelRinging', because: 'timeout' })()
    : { to: 'screening', effects: [{ type: 'cancelRinging', because: 'timeout' }] };
const elect = (e: { child: Leg }): Cell => ({
  to: 'connecting',
  effects: [
    { type: 'cancelRinging', because: 'elsewhere' },
    { type: 'dropScreened', except: e.child },
    { type: 'elect', child: e.child },
  ],
});
const talk = (): Cell => ({ to: 'connected', effects: [{ type: 'startTimeLimit' }] });

const referred = (e: { by: 'caller' | 'callee' }): Cell =>
  e.by === 'callee' ? over('callee', { type: 'part' })() : { to: 'referring', effects: [{ type: 'part' }] };

const gone = (e: { by: DialEnd }): Cell => over(e.by)();

const goneUnbridged = (e: { by: DialEnd }): Cell => over(e.by === 'error' ? 'unbridged' : e.by)();

export const dialTable: Table<DialState, DialEvent, DialEffect, undefined> = {
  ringing: {
    answered: picked,
    accepted: elect,
    exhausted: over('exhausted'),
    ringTimeout: rangOut,
    refused: over('error'),
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    letGo: ignore,
    stop: abandoned,
  },
  screening: {
    answered: surplus('screening'),
    accepted: elect,
    exhausted: over('timeout'),
    ringTimeout: ignore,
    refused: over('error', { type: 'dropScreened', except: undefined }),
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    letGo: ignore,
    stop: abandoned,
  },
  connecting: {
    answered: surplus('connecting'),
    accepted: surplus('connecting'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: talk,
    bridgeFailed: drop('unbridged'),
    winnerGone: goneUnbridged,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    letGo: ignore,
    stop: droppedUnbridged,
  },
  connected: {
    answered: surplus('connected'),
    accepted: surplus('connected'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: gone,
    timeLimit: drop('timelimit'),
    referred,
    settled: ignore,
    letGo: over('api'),
    stop: dropped,
  },
  // The callee has left for an application of its own: what it does is no longer ours.
  referring: {
    answered: surplus('referring'),
    accepted: surplus('referring'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    letGo: ignore,
    referred: ignore,
    settled: over('caller'),
    stop: (e) => over(e.by)(),
  },
  ended: {
    answered: surplus('ended'),
    accepted: surplus('ended'),
    exhausted: ignore,
    ringTimeout: ignore,
    refused: ignore,
    bridged: ignore,
    bridgeFailed: ignore,
    winnerGone: ignore,
    timeLimit: ignore,
    referred: ignore,
    settled: ignore,
    letGo: ignore,
    stop: ignore,
  },
};
