/** Which of several final failures to report. RFC 3261 §16.7 step 6: a 6xx before all, else the lowest class; within
 * 4xx those that tell the caller what to change. */
const telling = new Set([401, 407, 415, 420, 484]);

function rank(status: number): number {
  if (status >= 600) return 0;
  if (status >= 300 && status < 400) return 1;
  if (status >= 400 && status < 500) return telling.has(status) ? 2 : status === 487 || status === 408 ? 4 : 3;
  // A 503 says something of one server only; it is the last to be passed on (RFC 3261 §16.7).
  return status === 503 ? 6 : 5;
}

/** The best of the final statuses; the first among equals. undefined for none. */
export function bestFailure<T extends { readonly status: number }>(failures: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const failure of failures) if (best === undefined || rank(failure.status) < rank(best.status)) best = failure;
  return best;
}

/** Whether the next gateway may do better: the line is at fault, not the callee. decisions.md Carriers. */
export function shouldFailOver(failure: { readonly status: number; readonly by: string }): boolean {
  if (failure.by === 'cancelled') return false;
  if (failure.by !== 'response') return true;
  return failure.status === 408 || failure.status === 430 || (failure.status >= 500 && failure.status < 600);
}
