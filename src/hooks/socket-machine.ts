/** The life of an application's WebSocket. Lost, it is won back: five tries, half a second, then doubling. */
import { ignore, type Step, type Table } from '../base/index.ts';
import type { HookFault } from '../ports/index.ts';

export type SocketState =
  /** Nothing was said yet: not dialled. */
  | 'idle'
  | 'connecting'
  /** Dialled again: session:reconnect waits for its ack. */
  | 'greeting'
  | 'open'
  /** Lost, waiting for the next try. */
  | 'resting'
  /** The call is over; dialled only to deliver what is owed. */
  | 'leaving'
  /** Our close frame is out. */
  | 'closing'
  | 'closed';

/** Why a connection did not come about, or ended. */
export type SocketFault = Pick<HookFault, 'kind' | 'message' | 'status'>;

export type SocketEvent =
  | { type: 'wanted' }
  | { type: 'opened' }
  | { type: 'failed'; fault: SocketFault }
  | { type: 'greeted' }
  | { type: 'dropped'; fault: SocketFault }
  | { type: 'rested' }
  | { type: 'close'; code: number }
  /** The peer does not answer our close frame. */
  | { type: 'expired' }
  | { type: 'abort' };

export type SocketEffect =
  | { type: 'connect' }
  | { type: 'greet' }
  | { type: 'flush' }
  | { type: 'rest' }
  | { type: 'lose'; fault: SocketFault }
  | { type: 'goodbye'; code: number }
  | { type: 'cut' }
  | { type: 'end' };

/** What the table asks of the socket. */
export type SocketFacts = {
  /** An application has acknowledged a session on it: a new connection continues that session. */
  readonly known: boolean;
  /** Something waits that must go out although the call is over. */
  readonly owes: boolean;
  mayRetry(fault: SocketFault): boolean;
};

type Cell = Step<SocketState, SocketEffect>;

const to =
  (state: SocketState, ...effects: SocketEffect['type'][]) =>
  (): Cell => ({
    to: state,
    effects: effects.map((type) => ({ type }) as SocketEffect),
  });
const lost = (event: { fault: SocketFault }, facts: SocketFacts): Cell =>
  facts.mayRetry(event.fault)
    ? { to: 'resting', effects: [{ type: 'rest' }] }
    : { to: 'closed', effects: [{ type: 'lose', fault: event.fault }, { type: 'end' }] };
const leave = (event: { code: number }): Cell => ({
  to: 'closing',
  effects: [{ type: 'flush' }, { type: 'goodbye', code: event.code }],
});
const over = to('closed', 'end');
const cut = to('closed', 'cut', 'end');

export const socketTable: Table<SocketState, SocketEvent, SocketEffect, SocketFacts> = {
  idle: {
    wanted: to('connecting', 'connect'),
    opened: ignore,
    failed: ignore,
    greeted: ignore,
    dropped: ignore,
    rested: ignore,
    close: (_, facts) => (facts.owes ? to('leaving', 'connect')() : over()),
    expired: ignore,
    abort: over,
  },
  connecting: {
    wanted: ignore,
    opened: (_, facts) => (facts.known ? to('greeting', 'greet')() : to('open', 'flush')()),
    failed: lost,
    greeted: ignore,
    dropped: lost,
    rested: ignore,
    close: to('leaving'),
    expired: ignore,
    abort: cut,
  },
  greeting: {
    wanted: ignore,
    opened: ignore,
    failed: ignore,
    greeted: to('open', 'flush'),
    dropped: lost,
    rested: ignore,
    close: leave,
    expired: ignore,
    abort: cut,
  },
  open: {
    wanted: to('open', 'flush'),
    opened: ignore,
    failed: ignore,
    greeted: ignore,
    dropped: lost,
    rested: ignore,
    close: leave,
    expired: ignore,
    abort: cut,
  },
  resting: {
    wanted: ignore,
    opened: ignore,
    failed: ignore,
    greeted: ignore,
    dropped: ignore,
    rested: to('connecting', 'connect'),
    close: over,
    expired: ignore,
    abort: over,
  },
  leaving: {
    wanted: ignore,
    opened: () => leave({ code: 1000 }),
    failed: over,
    greeted: ignore,
    dropped: over,
    rested: ignore,
    close: ignore,
    expired: ignore,
    abort: cut,
  },
  closing: {
    wanted: ignore,
    opened: ignore,
    failed: ignore,
    greeted: ignore,
    dropped: over,
    rested: ignore,
    close: ignore,
    expired: cut,
    abort: cut,
  },
  closed: {
    wanted: ignore,
    opened: ignore,
    failed: ignore,
    greeted: ignore,
    dropped: ignore,
    rested: ignore,
    close: ignore,
    expired: ignore,
    abort: ignore,
  },
};
