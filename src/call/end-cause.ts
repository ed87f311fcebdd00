/** Why a call (or a whole session) is over. Set once, never changed; every CDR and hook tells the same story. */
export type EndCause = {
  readonly by: 'caller' | 'callee' | 'script' | 'timelimit' | 'api' | 'server' | 'error';
  /** What happened, in a few words, for the CDR and the timeline. */
  readonly reason: string;
};

/** What hooks call it: jambonz knows two parties only. reference.md 3.1. */
export function terminationBy(cause: EndCause, legDirection: 'inbound' | 'outbound'): 'caller' | 'graine' {
  const farEnd = legDirection === 'inbound' ? 'caller' : 'callee';
  return cause.by === farEnd ? 'caller' : 'graine';
}
