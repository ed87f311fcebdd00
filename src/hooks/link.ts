/** The HTTP side of a call's link to its application. Requests go out at once; notifications one after another, so that the application
 * reads a call's states in the order they happened. */
import { ignore, Machine, type Table } from '../base/index.ts';
import type { AppContext, Delivery, HookAnswer, HookRef } from '../ports/index.ts';
import type { HookClient } from './client.ts';
import { isFinal } from './final.ts';
import type { Sender } from './letter.ts';

type State = 'idle' | 'delivering' | 'draining' | 'closed';
type Event = { type: 'notify'; note: Note } | { type: 'settled' } | { type: 'close' };
type Effect = { type: 'queue'; note: Note } | { type: 'deliver' };
type Note = {
  readonly hook: HookRef;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly id: string | undefined;
};

type Queue = { readonly length: number };

const noDelivery: Delivery = {};

const deliver: Effect = { type: 'deliver' };

// prettier-ignore
export const linkTable: Table<State, Event, Effect, Queue> = {
  //            a notification comes                                       one was delivered or given up            the call is over
  idle:       { notify: (e) => ({ to: 'delivering', effects: [queue(e), deliver] }), settled: ignore,              close: () => ({ to: 'closed' }) },
  delivering: { notify: (e) => ({ to: 'delivering', effects: [queue(e)] }),          settled: nextOr('delivering', 'idle'), close: () => ({ to: 'draining' }) },
  draining:   { notify: ignore,                                                      settled: nextOr('draining', 'closed'), close: ignore },
  closed:     { notify: ignore,                                                      settled: ignore,              close: ignore },
};

function queue(event: { note: Note }): Effect {
  return { type: 'queue', note: event.note };
}

function nextOr(busy: State, empty: State) {
  return (_event: Event, { length }: Queue) => (length > 0 ? { to: busy, effects: [deliver] } : { to: empty });
}

export const longestQueue = 1000;

/** Counts what is not finished yet. */
export type Tally = { add(): void; remove(): void };

export class Link {
  readonly #client: HookClient;
  readonly #sender: Sender;
  readonly #tally: Tally;
  readonly #notes: Note[] = [];
  readonly #machine: Machine<State, Event, Effect, Queue>;

  constructor(client: HookClient, context: AppContext, tally: Tally) {
    this.#client = client;
    this.#sender = client.sender(context);
    this.#tally = tally;
    this.#machine = new Machine<State, Event, Effect, Queue>({
      table: linkTable,
      initial: 'idle',
      context: this.#notes,
      perform: (effect) => (effect.type === 'queue' ? this.#queue(effect.note) : this.#deliver()),
    });
  }

  request(hook: HookRef, type: string, payload: Note['payload'], delivery: Delivery = noDelivery): Promise<HookAnswer> {
    const { state } = this.#machine;
    if (state === 'closed' || state === 'draining')
      return Promise.resolve({
        ok: false,
        kind: 'closed',
        url: typeof hook === 'string' ? hook : hook.url,
        message: 'the link is closed',
      });
    this.#tally.add();
    return new Promise((resolve) => {
      this.#client.send({ sender: this.#sender, hook, type, payload, reads: true, delivery }, (answer) => {
        this.#tally.remove();
        resolve(answer);
      });
    });
  }

  notify(hook: HookRef, type: string, payload: Note['payload'], id?: string): void {
    this.#machine.handle({ type: 'notify', note: { hook, type, payload, id } });
  }

  close(): void {
    this.#machine.handle({ type: 'close' });
  }

  #queue(note: Note): void {
    if (this.#notes.length >= longestQueue) this.#dropOldest();
    this.#notes.push(note);
    this.#tally.add();
  }

  /** Makes room. A call's last word is never dropped. */
  #dropOldest(): void {
    const index = this.#notes.findIndex(({ payload }) => !isFinal(payload));
    if (index < 0) return;
    this.#notes.splice(index, 1);
    this.#tally.remove();
  }

  #deliver(): void {
    const note = this.#notes.shift();
    if (note === undefined) return;
    const { hook, type, payload, id } = note;
    this.#client.send({ sender: this.#sender, hook, type, payload, reads: false, delivery: { id } }, () => {
      this.#tally.remove();
      // A refusal comes at once, in the midst of the move that sent it.
      queueMicrotask(() => this.#machine.handle({ type: 'settled' }));
    });
  }
}
