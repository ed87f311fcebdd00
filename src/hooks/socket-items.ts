/** What a WebSocket application was told or asked and has not acknowledged, in order; and the same as plain data, for a
 * process that goes on. */
import type { Timer } from '../base/index.ts';
import type { Conversation, HookAnswer } from '../ports/index.ts';
import type { Entry, EventLog } from './events.ts';
import { isFinal } from './final.ts';

export type Item = {
  readonly event: Entry;
  /** The message without its closing brace. */
  readonly text: string;
  readonly asked: { at: number; settle(answer: HookAnswer): void; patienceMs: number } | undefined;
  /** On the connection that stands now. */
  sent: boolean;
  deliveries: number;
  timer: Timer | undefined;
};

export const unsent = { asked: undefined, sent: false, timer: undefined } as const;

const most = 500;
/** Of it, so much is written down for a process that goes on, characters. */
const mostWritten = 64 * 1024;

export class SocketItems {
  readonly #callSid: string;
  /** By seq. */
  readonly #items: Item[] = [];
  /** Questions of the process before, by id: whoever asks one again says that it is the same. */
  readonly #asked = new Map<string, Entry>();

  constructor(callSid: string) {
    this.#callSid = callSid;
  }

  get size(): number {
    return this.#items.length;
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.values();
  }

  find(id: string | undefined): Item | undefined {
    return this.#items.find(({ event }) => event.id === id);
  }

  /** The question as the process before numbered it. */
  askedBefore(id: string): Entry | undefined {
    const before = this.#asked.get(id);
    this.#asked.delete(id);
    return before;
  }

  add(item: Item): void {
    const later = this.#items.findIndex(({ event }) => event.seq > item.event.seq);
    if (later < 0) this.#items.push(item);
    else this.#items.splice(later, 0, item);
    if (this.#items.length > most) this.#dropOldest();
  }

  remove(item: Item): void {
    item.timer?.cancel();
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
  }

  clear(): Item[] {
    return this.#items.splice(0);
  }

  /** Makes room. Questions and a call's last word are never dropped; REST still has the rest. */
  #dropOldest(): void {
    const at = this.#items.findIndex(({ asked, event }) => asked === undefined && !isFinal(event.data));
    if (at >= 0) this.#items.splice(at, 1);
  }

  /** The message without its closing brace. */
  textOf({ type, id, hook, data }: Pick<Entry, 'type' | 'id' | 'hook' | 'data'>): string {
    const head = { type, msgid: id, call_sid: this.#callSid, ...(hook === undefined ? {} : { hook }), data };
    return JSON.stringify(head).slice(0, -1);
  }

  /** As plain data; the newest are left out where it is too much. */
  written(): Conversation['owed'] {
    let left = mostWritten;
    const fits = this.#items.filter(({ event }) => (left -= event.size) >= 0);
    return fits.map(({ event, asked }) => {
      const { seq, id, type, hook, at, data } = event;
      return { seq, id, type, ...(hook === undefined ? {} : { hook }), at, data, asked: asked !== undefined };
    });
  }

  /** What was told is told again; what was asked is asked again by who needs the answer. */
  resume({ last, owed }: Conversation, log: EventLog): void {
    const events = owed.map((each) => ({ ...each, size: this.textOf(each).length }));
    log.resume(last, events).forEach((event, at) => {
      if (owed[at]?.asked === true) this.#asked.set(event.id, event);
      else this.#items.push({ ...unsent, event, text: this.textOf(event), deliveries: 1 });
    });
  }
}
