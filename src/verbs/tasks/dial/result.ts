/** What the actionHook is told when a dial ends. dial.md actionHook, decisions.md actionHook. */
import type { Leg, OutboundLeg } from '../../../call/index.ts';
import type { Quality } from '../../../ports/index.ts';
import type { Target } from '../../schema/schema.ts';
import { targetAddress } from '../../schema/schema.ts';
import type { DialEnd } from './dial-machine.ts';
import { type DialOutcome, outcomeOf, type TargetResult } from './outcome.ts';

/** One target and the leg that rang it; no leg when its turn never came. */
export type Child = { readonly target: Target; readonly leg: OutboundLeg };

export function resultOf(children: readonly Child[], winner: OutboundLeg | undefined, end: DialEnd): DialOutcome {
  if (winner !== undefined) {
    const decidedBy = children.findIndex((child) => child.leg === winner);
    return { status: 'completed', sipStatus: 200, sipReason: 'OK', decidedBy };
  }
  return outcomeOf(children.map(finalOf), end);
}

function finalOf({ leg }: Child): TargetResult {
  const { end } = leg;
  return end ?? { status: 'no-answer', sipStatus: 487, sipReason: 'Request Terminated' };
}

type Facts = {
  readonly caller: Leg;
  readonly children: readonly Child[];
  readonly winner: OutboundLeg | undefined;
  readonly outcome: DialOutcome;
  readonly end: DialEnd;
};

export async function actionBody({ caller, children, winner, outcome, end }: Facts): Promise<Record<string, unknown>> {
  const decided = winner ?? children[outcome.decidedBy]?.leg;
  return {
    ...(decided === undefined ? {} : { dial_call_sid: decided.callSid, dial_sbc_callid: decided.sipCallId }),
    dial_call_status: outcome.status,
    dial_sip_status: outcome.sipStatus,
    dial_sip_reason: outcome.sipReason,
    ...(winner === undefined ? {} : { dial_duration: winner.duration, dial_answered_at: iso(winner.answeredAt) }),
    dial_terminated_by: terminatedBy(end),
    dial_results: children.map(entry),
    ...(winner === undefined ? {} : { dial_quality: await qualityOf(caller, winner) }),
  };
}

function terminatedBy(end: DialEnd): 'caller' | 'callee' | 'timelimit' | 'api' | 'error' {
  // Nobody answered in time, or every callee refused: it was the callee's side that ended it.
  return end === 'timeout' || end === 'exhausted' ? 'callee' : end;
}

function entry({ target, leg }: Child): Record<string, unknown> {
  return {
    target: { type: target.type, address: targetAddress(target) },
    call_sid: leg.callSid,
    status: leg.status,
    sip_status: leg.sipStatus,
    sip_reason: leg.sipReason,
    rang_at: iso(leg.rangAt),
    answered_at: iso(leg.answeredAt),
  };
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

async function qualityOf(caller: Leg, callee: Leg): Promise<Record<string, unknown>> {
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
