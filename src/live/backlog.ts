/** Changes that Redis has not heard of yet, in order; a later change of the same thing takes the place of the earlier. */
import { type Binding, bindingKey, type LiveCall } from '../ports/index.ts';

export type Change =
  /** `age` and `left`: ms since it was registered and until it expires, when the change was made. */
  | { readonly kind: 'bind'; readonly binding: Binding; readonly age: number; readonly left: number }
  | { readonly kind: 'unbind'; readonly aor: string; readonly key: string | undefined }
  | CallChange;

export type CallChange =
  | { readonly kind: 'put'; readonly call: LiveCall }
  | { readonly kind: 'remove'; readonly callSid: string };

/** `since`: when it was made, monotonic ms. */
export type Waiting = { readonly key: string; readonly change: Change; readonly since: number };

export class Backlog {
  readonly #waiting = new Map<string, Waiting>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(change: Change, since: number): void {
    const key = keyOf(change);
    this.#waiting.delete(key);
    this.#waiting.set(key, { key, change, since });
    if (this.#waiting.size <= this.#most) return;
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** Unless a change of the same thing waits already. */
  addIfNone(change: Change, since: number): void {
    if (!this.#waiting.has(keyOf(change))) this.add(change, since);
  }

  first(count: number): Waiting[] {
    const found: Waiting[] = [];
    for (const each of this.#waiting.values()) {
      if (found.length >= count) break;
      found.push(each);
    }
    return found;
  }

  /** It has been done, if it is still the last word on the matter. */
  done(waiting: Waiting): void {
    if (this.#waiting.get(waiting.key) === waiting) this.#waiting.delete(waiting.key);
  }
}

function keyOf(change: Change): string {
  switch (change.kind) {
    case 'bind':
      return `aor ${change.binding.aor}\n${bindingKey(change.binding)}`;
    case 'unbind':
      return `aor ${change.aor}\n${change.key ?? ''}`;
    case 'put':
      return `call ${change.call.callSid}`;
    case 'remove':
      return `call ${change.callSid}`;
  }
}

/** For the script `tellCalls`; `node`: this one. */
export function wordsOf(change: CallChange, node: string): (string | number)[] {
  if (change.kind === 'remove') return [change.callSid, '', node, '', ''];
  const { callSid, accountSid, node: owner, startedAt, session = '' } = change.call;
  return [callSid, accountSid, owner, Math.round(startedAt), session];
}
