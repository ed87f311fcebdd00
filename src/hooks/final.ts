const finals = new Set<unknown>(['completed', 'failed', 'busy', 'no-answer']);

/** A call's last word: never dropped to make room. */
export function isFinal(data: unknown): boolean {
  return finals.has((data as { readonly call_status?: unknown } | undefined)?.call_status);
}
