/** What the actionHook is told when a dial ends. dial.md actionHook, decisions.md actionHook. */
import type { Leg } from '../../../call/index.ts';
import type { Quality } from '../../../ports/index.ts';
import type { Target } from '../../schema/schema.ts';
import { targetAddress } from '../../schema/schema.ts';
import type { Verdict } from './confirm.ts';
import type { DialEnd } from './dial-machine.ts';
import { type DialOutcome, outcomeOf, type TargetResult } from './outcome.ts';

/** What is told of the leg of a target: of one that is long over, another process may have kept it. */
export type ChildLeg = Pick<
  Leg,
  'callSid' | 'sipCallId' | 'status' | 'sipStatus' | 'sipReason' | 'rangAt' | 'answeredAt' | 'end'
>;

/** One target, the leg that rang it, and what came of its screening where there was one. */
export type Child = {
  readonly target: Target;
  readonly leg: ChildLeg;
  readonly verdict: Verdict | undefined;
};

export function resultOf(children: readonly Child[], winner: Leg | undefined, end: DialEnd): DialOutcome {
  if (winner !== undefined) {
    const decidedBy = children.findIndex((child) => child.leg === winner);
    if (end === 'unbridged') return { status: 'failed', sipStatus: 488, sipReason: 'Not Acceptable Here', decidedBy };
    return { status: 'completed', sipStatus: 200, sipReason: 'OK', decidedBy };
  }
  return outcomeOf(children.map(finalOf), end);
}

const unanswered: TargetResult = { status: 'no-answer', sipStatus: 487, sipReason: 'Request Terminated' };

/** Answered but never connected is, for the dial, not answered. decisions.md confirmHook. */
function finalOf({ leg: { end } }: Child): TargetResult {
  if (end?.status === 'completed') return unanswered;
  return end ?? unanswered;
}

type Facts = {
  readonly children: readonly Child[];
  readonly winner: Leg | undefined;
  readonly outcome: DialOutcome;
  readonly end: DialEnd;
};

/** All but the quality, which has to be asked for. */
export function actionBody({ children, winner, outcome, end }: Facts): Record<string, unknown> {
  const decidedBy = children[outcome.decidedBy];
  const decided = winner ?? decidedBy?.leg;
  const declined = [decidedBy, ...children].find((child) => wasDeclined(child));
  const body: Record<string, unknown> = {};
  if (decided !== undefined) {
    body['dial_call_sid'] = decided.callSid;
    body['dial_sbc_callid'] = decided.sipCallId;
  }
  body['dial_call_status'] = outcome.status;
  body['dial_sip_status'] = outcome.sipStatus;
  body['dial_sip_reason'] = outcome.sipReason;
  if (winner !== undefined) Object.assign(body, talkOf(winner, decidedBy));
  else if (declined !== undefined) body['dial_confirm_result'] = declined.verdict?.result;
  body['dial_terminated_by'] = terminatedBy(end, children);
  body['dial_results'] = children.map((child) => entry(child, winner));
  return body;
}

function wasDeclined(child: Child | undefined): boolean {
  return child?.verdict !== undefined && child.verdict.result !== 'accepted';
}

/** Talk begins with the answer, or where the callee was screened with its yes. */
function talkOf(winner: Leg, child: Child | undefined): Record<string, unknown> {
  const verdict = child?.verdict;
  return {
    dial_duration: verdict === undefined ? winner.duration : winner.secondsSince(verdict.monotonic),
    dial_answered_at: iso(verdict?.at ?? winner.answeredAt),
  };
}

function terminatedBy(end: DialEnd, children: readonly Child[]): 'caller' | 'callee' | 'timelimit' | 'api' | 'error' {
  // Nobody answered in time, or every callee refused: it was the callee's side that ended it, where there was one.
  if (end === 'timeout' || end === 'exhausted') return children.every(wasNeverAsked) ? 'error' : 'callee';
  return end === 'unbridged' ? 'error' : end;
}

/** No carrier, not registered, out of reach: no far end had a say. */
export function wasNeverAsked({ leg, verdict }: Child): boolean {
  return verdict === undefined && leg.end?.cause.by === 'error';
}

function entry({ target, leg, verdict }: Child, winner: Leg | undefined): Record<string, unknown> {
  return {
    target: { type: target.type, address: targetAddress(target) },
    call_sid: leg.callSid,
    status: finalStatus(leg, winner),
    sip_status: leg.sipStatus,
    sip_reason: leg.sipReason,
    rang_at: iso(leg.rangAt),
    answered_at: iso(leg.answeredAt),
    ...(verdict === undefined ? {} : { confirm_result: verdict.result }),
  };
}

/** A winner that was transferred, or has an application of its own now, talks on: this dial has completed with it. */
function finalStatus(leg: ChildLeg, winner: Leg | undefined): string {
  if (leg === winner) return 'completed';
  return leg.status === 'completed' ? 'no-answer' : leg.status;
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

export async function qualityOf(caller: Leg, callee: Leg): Promise<Record<string, unknown>> {
  const [a, b] = await Promise.all([caller.media?.quality(), callee.media?.quality()]);
  return { caller: figures(a), callee: figures(b) };
}

function figures(quality: Quality | undefined): Record<string, unknown> | null {
  if (quality === undefined) return null;
  return {
    mos: quality.mos ?? null,
    packets_lost_percent: quality.packetsLostPercent ?? null,
    jitter_ms: quality.jitterMs ?? null,
    round_trip_ms: quality.roundTripMs ?? null,
  };
}
