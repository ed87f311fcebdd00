/** Who may change the session now: one offer at a time, one INVITE at a time. RFC 3261 §14, RFC 3311 §5. */
import { ignore, type Step, type Table } from '../../base/index.ts';

/** `unacknowledged`: our 2xx to their INVITE waits for its ACK. */
export type ExchangeState = 'idle' | 'ours' | 'theirs' | 'unacknowledged';

export type ExchangeEvent = {
  readonly type:
    /** We want to send a re-INVITE, or an UPDATE with an offer. */
    | 'want'
    /** A re-INVITE, or an UPDATE with an offer, came. */
    | 'came'
    /** Ours got its final response; theirs was refused, or was an UPDATE and is answered. */
    | 'settled'
    /** Their INVITE got our 2xx. */
    | 'accepted'
    | 'acknowledged';
};

export type ExchangeEffect =
  | { readonly type: 'go' }
  | { readonly type: 'queue' }
  | { readonly type: 'deliver' }
  /** 491: our offer is out. §14.2. */
  | { readonly type: 'glare' }
  /** 500 with Retry-After: theirs is not answered yet. §14.2. */
  | { readonly type: 'busy' }
  /** Free again: the next of ours may go. */
  | { readonly type: 'next' };

type Row = Step<ExchangeState, ExchangeEffect>;

// prettier-ignore
export const exchangeTable: Table<ExchangeState, ExchangeEvent, ExchangeEffect, unknown> = {
  idle:           { want: row('ours', 'go'),              came: row('theirs', 'deliver'),         settled: ignore,              accepted: ignore,                acknowledged: ignore              },
  ours:           { want: row('ours', 'queue'),           came: row('ours', 'glare'),             settled: row('idle', 'next'), accepted: ignore,                acknowledged: ignore              },
  theirs:         { want: row('theirs', 'queue'),         came: row('theirs', 'busy'),            settled: row('idle', 'next'), accepted: move('unacknowledged'), acknowledged: ignore              },
  unacknowledged: { want: row('unacknowledged', 'queue'), came: row('unacknowledged', 'glare'),   settled: row('idle', 'next'), accepted: ignore,                acknowledged: row('idle', 'next') },
};

function row(to: ExchangeState, type: ExchangeEffect['type']): () => Row {
  const step: Row = { to, effects: [{ type }] };
  return () => step;
}
function move(to: ExchangeState): () => Row {
  const step: Row = { to };
  return () => step;
}
