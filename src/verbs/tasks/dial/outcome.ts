/** What a dial comes to, from what each target came to. Deterministic: the order of events does not matter.
 * decisions.md Ringing. */
import { bestFailure, type FinalStatus } from '../../../call/index.ts';
import type { DialEnd } from './dial-machine.ts';

/** How one target ended. */
export type TargetResult = { readonly status: FinalStatus; readonly sipStatus: number; readonly sipReason: string };
export type DialOutcome = TargetResult & {
  /** Which target's words these are; -1: nobody's. */ readonly decidedBy: number;
};

/** For a dial without a winner. */
export function outcomeOf(results: readonly TargetResult[], end: DialEnd): DialOutcome {
  if (results.length === 0)
    return { status: 'failed', sipStatus: end === 'error' ? 500 : 480, sipReason: 'No Target', decidedBy: -1 };
  if (end === 'timeout') {
    const queued = results.every((each) => each.status === 'queued');
    return queued ? decided(results, 'queued', 503) : { ...decided(results, 'no-answer', 487), sipStatus: 487 };
  }
  for (const status of ['no-answer', 'busy'] as const) {
    if (results.some((each) => each.status === status)) return decided(results, status, undefined);
  }
  return decided(results, 'failed', undefined);
}

/** `dial_sip_status` is the best of all by RFC 3261 §16.7; the reason goes with it. */
function decided(results: readonly TargetResult[], status: FinalStatus, prefer: number | undefined): DialOutcome {
  const list = results.map((each, at) => ({ ...each, at, status: each.sipStatus }));
  const best = list.find((each) => each.status === prefer) ?? bestFailure(list);
  const first = results.findIndex((each) => each.status === status);
  return {
    status,
    sipStatus: best?.status ?? 480,
    sipReason: best?.sipReason ?? '',
    decidedBy: first < 0 ? (best?.at ?? 0) : first,
  };
}

type Response = { readonly sipStatus: number; readonly sipReason: string | undefined };

/** The caller's final response when it was never answered: the callee's code where there was one target, else what the
 * outcome means. decisions.md Ringing. `ours`: no far end said it, and the reason names what only the application should
 * know (carriers, users). */
export function responseToCaller(outcome: DialOutcome, targets: number, ours = false): Response {
  // 487 answers a CANCEL; a caller who did not cancel hears that nobody answered.
  if (targets === 1 && outcome.status !== 'no-answer' && outcome.status !== 'queued' && outcome.sipStatus >= 400) {
    const { sipStatus, sipReason } = outcome;
    // A challenge or a redirect is for us; the caller could not act on it.
    if (sipStatus !== 401 && sipStatus !== 407) return { sipStatus, sipReason: ours ? undefined : sipReason };
  }
  switch (outcome.status) {
    case 'busy':
      return { sipStatus: 486, sipReason: 'Busy Here' };
    case 'no-answer':
      return { sipStatus: 480, sipReason: 'Temporarily Unavailable' };
    default:
      return { sipStatus: 503, sipReason: 'Service Unavailable' };
  }
}
