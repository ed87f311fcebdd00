/** What Redis is told of the calls that run here: gathered for a moment, told in one step. A command costs the node more than
 * what is in it. One who asks for a call meanwhile asks every node. docs/decisions/0028-gathered.md */
import type { Clock, Timer } from '../base/index.ts';
import { type CallChange, wordsOf } from './backlog.ts';
import type { Shared } from './shared.ts';

type Parts = {
  readonly shared: Pick<Shared, 'ask' | 'later' | 'heard'>;
  readonly node: string;
  readonly clock: Clock;
};

const GATHER_MS = 50;
const AT_ONCE = 200;

/** `fresh`: Redis has never heard of this call. */
type Waiting = { readonly change: CallChange; readonly since: number; readonly fresh: boolean };

export class CallNews {
  readonly #parts: Parts;
  #waiting = new Map<string, Waiting>();
  #timer: Timer | undefined;
  /** One at a time: what cannot be told must not be kept after what came later. */
  #telling: Promise<void> | undefined;
  #resolved: (() => void)[] = [];
  #state: 'open' | 'closed' = 'open';

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when it is told, or kept for when Redis is back. */
  add(change: CallChange, fresh: boolean): Promise<void> {
    const { clock, shared } = this.#parts;
    if (this.#state === 'closed') return Promise.resolve();
    const callSid = change.kind === 'put' ? change.call.callSid : change.callSid;
    const before = this.#waiting.get(callSid);
    this.#waiting.delete(callSid);
    // Over before Redis heard of it.
    if (change.kind === 'remove' && before?.fresh === true && shared.heard) return Promise.resolve();
    this.#waiting.set(callSid, { change, since: clock.monotonic(), fresh: before?.fresh ?? fresh });
    this.#timer ??= clock.after(GATHER_MS, 'live calls', () => void this.tell());
    return new Promise((resolve) => void this.#resolved.push(resolve));
  }

  /** Everything that waits, now. */
  tell(): Promise<void> {
    this.#rest();
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  /** Tells what waits; what comes then is of calls that are forgotten with this node. */
  close(): Promise<void> {
    this.#state = 'closed';
    return this.tell();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #tell(): Promise<void> {
    while (this.#waiting.size + this.#resolved.length > 0) {
      const [all, resolved] = [[...this.#waiting.values()], this.#resolved];
      this.#waiting = new Map();
      this.#resolved = [];
      const some: Promise<void>[] = [];
      for (let i = 0; i < all.length; i += AT_ONCE) some.push(this.#send(all.slice(i, i + AT_ONCE)));
      await Promise.all(some);
      for (const each of resolved) each();
    }
    this.#rest();
  }

  async #send(some: readonly Waiting[]): Promise<void> {
    const { shared, node } = this.#parts;
    const answer = await shared.ask('tellCalls', ...some.flatMap(({ change }) => wordsOf(change, node)));
    if (answer === undefined) for (const { change, since } of some) shared.later(change, since);
  }
}
