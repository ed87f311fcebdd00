/** The retry policy a hook's URL carries in its fragment: `#rc=3&rp=ct,5xx`. The fragment never leaves the server. */
import type { HookFault } from '../ports/index.ts';

export type RetryCause = 'ct' | 'rt' | '4xx' | '5xx';
export type RetryPolicy = { readonly count: number; readonly causes: ReadonlySet<RetryCause> };

const most = 5;
const firstDelay = 500;
const all: readonly RetryCause[] = ['ct', 'rt', '4xx', '5xx'];

export const noRetry: RetryPolicy = { count: 0, causes: new Set(['ct']) };

/** Unknown keys and unreadable values count as absent: a fragment may be there for the application's own use. */
export function parseRetry(fragment: string): RetryPolicy {
  if (fragment.length < 2 || fragment.length > 256) return noRetry;
  const fields = new URLSearchParams(fragment.startsWith('#') ? fragment.slice(1) : fragment);
  const count = Number(fields.get('rc') ?? 0);
  if (!Number.isInteger(count) || count < 1) return noRetry;
  const words = (fields.get('rp') ?? '').split(',').map((word) => word.trim());
  const causes = words.includes('all') ? all : all.filter((cause) => words.includes(cause));
  return { count: Math.min(count, most), causes: causes.length === 0 ? noRetry.causes : new Set(causes) };
}

/** Milliseconds before attempt `attempt` (the first retry is attempt 1): 500, 1000, 2000 … */
export function retryDelay(attempt: number): number {
  return firstDelay * 2 ** (attempt - 1);
}

/** What a fault counts as for the policy; undefined: trying again cannot help. */
export function retryCause({ kind, status }: HookFault): RetryCause | undefined {
  if (kind === 'connection') return 'ct';
  if (kind === 'timeout') return 'rt';
  if (status === undefined || status < 400) return undefined;
  return status < 500 ? '4xx' : '5xx';
}
