/** A connected dial as plain data, for a process that carries the call on: what became of each target until then. */
import type { Connected } from '../../../call/index.ts';
import type { Target } from '../../schema/schema.ts';
import type { Verdict } from './confirm.ts';
import type { Child, ChildLeg } from './result.ts';

type ChildFacts = {
  readonly target: Target;
  readonly verdict: { readonly result: Verdict['result']; readonly at: number } | undefined;
  readonly leg: ChildLeg;
};

/** Times in ms since the epoch. */
export type DialFacts = {
  readonly connectedAt: number;
  /** Id of the hook that tells its end, whoever tells it. */
  readonly delivery?: string;
  readonly children: readonly ChildFacts[];
};

export type Carried = Connected & { readonly facts: DialFacts };

export function factsOf({ target, leg, verdict }: Child): ChildFacts {
  const { callSid, sipCallId, status, sipStatus, sipReason, rangAt, answeredAt, end } = leg;
  const kept = { callSid, sipCallId, status, sipStatus, sipReason, rangAt, answeredAt, end };
  return { target, verdict: verdict && { result: verdict.result, at: verdict.at }, leg: kept };
}

/** The callee that was connected is a living leg again, the others are what was kept of them. */
export function childrenOf(carried: Carried | undefined): Child[] {
  if (carried === undefined) return [];
  const { callee, facts } = carried;
  const { clock } = callee.services;
  return facts.children.map(({ target, verdict, leg }) => ({
    target,
    leg: leg.callSid === callee.callSid ? callee : leg,
    verdict: verdict && { ...verdict, monotonic: clock.monotonic() - (clock.now() - verdict.at) },
  }));
}
