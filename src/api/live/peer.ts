/** What one other node tells of its calls, as long as somebody here looks: a stream of its events, made anew when it breaks
 * off, and the calls it had last.
 *
 *   connecting ──answered──▶ open ──broke off──▶ waiting ──2 s──▶ connecting     (any) ──close──▶ closed */
import { type Clock, type Log, messageOf, type Timer } from '../../base/index.ts';
import type { NodeAnswer, Nodes } from '../../ports/index.ts';
import { EventReader } from './event-reader.ts';

/** A call of another node: what is shown of it is what that node says, but for its own name. */
export type RemoteRow = Readonly<Record<string, unknown>> & {
  readonly call_sid: string;
  readonly account_sid: string;
  readonly node: string;
};

export type PeerEvents = {
  call(row: RemoteRow): void;
  gone(row: RemoteRow, data: unknown): void;
  level(row: RemoteRow, db: number): void;
  /** `alert` and `registration`. */
  news(event: 'alert' | 'registration', data: Readonly<Record<string, unknown>>): void;
  /** Its calls are shown, or no longer. */
  shown(): void;
};

export type PeerParts = {
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly path: string;
  readonly events: PeerEvents;
  /** What an earlier stream of it has shown. */
  readonly calls: ReadonlyMap<string, RemoteRow>;
};

type State = 'connecting' | 'open' | 'waiting' | 'closed';

/** ms. A broken stream is made anew after `again`; its calls are shown for `grace` meanwhile. */
const times = { begin: 5_000, again: 2_000, grace: 5_000 } as const;
const limits = { event: 16 * 1024 * 1024, calls: 20_000, row: 8_192 } as const;

export class Peer {
  readonly #parts: PeerParts;
  readonly #calls: Map<string, RemoteRow>;
  #state: State = 'connecting';
  #answer: NodeAnswer | undefined;
  #again: Timer | undefined;
  #grace: Timer | undefined;
  #told = false;

  constructor(parts: PeerParts) {
    this.#parts = parts;
    this.#calls = new Map(parts.calls);
    void this.#connect();
  }

  get shown(): boolean {
    return this.#state === 'open';
  }

  rows(): IterableIterator<RemoteRow> {
    return this.#calls.values();
  }

  /** Its calls are gone for those who look. */
  close(): void {
    this.leave();
    this.#forget();
  }

  /** Another stream takes its place: nothing is gone. */
  leave(): ReadonlyMap<string, RemoteRow> {
    this.#state = 'closed';
    this.#stop();
    return this.#calls;
  }

  #stop(): void {
    this.#again?.cancel();
    this.#grace?.cancel();
    this.#answer?.body.on('error', () => {}).destroy();
  }

  async #connect(): Promise<void> {
    const { nodes, node, path } = this.#parts;
    const request = { method: 'GET', path, headers: {}, body: undefined, asker: undefined, timeoutMs: times.begin };
    const answer = await nodes.send(node, request);
    if ('silent' in answer) return this.#broke(answer.silent);
    this.#answer = answer;
    if (this.#state === 'closed' || answer.status !== 200) {
      answer.body.on('error', () => {}).destroy();
      return this.#broke(`it answers ${answer.status}`);
    }
    await this.#follow(answer);
  }

  async #follow({ body }: NodeAnswer): Promise<void> {
    const reader = new EventReader(limits.event);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        for (const { event, data } of reader.read(chunk)) this.#take(event, data);
        if (this.#isClosed()) return;
      }
      this.#broke('it ended the stream');
    } catch (fault) {
      this.#broke(messageOf(fault));
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #broke(reason: string): void {
    if (this.#state === 'closed') return;
    const { clock, log, node, events } = this.#parts;
    if (!this.#told) log.warn({ node, reason }, 'a node does not show its calls');
    this.#told = true;
    this.#state = 'waiting';
    this.#grace ??= clock.after(times.grace, `calls of node ${node}`, () => this.#forget());
    this.#again = clock.after(times.again, `stream of node ${node}`, () => {
      this.#state = 'connecting';
      void this.#connect();
    });
    events.shown();
  }

  #take(event: string, data: unknown): void {
    if (this.#state === 'closed' || !isRecord(data)) return;
    switch (event) {
      case 'snapshot':
        return this.#begin(data['calls']);
      case 'call':
        return this.#learn(data);
      case 'gone':
        return this.#end(data);
      case 'levels':
        return this.#hear(data);
      case 'alert':
      case 'registration':
        return this.#parts.events.news(event, data);
    }
  }

  /** What it does not name any more has ended meanwhile. */
  #begin(calls: unknown): void {
    const known = new Set<string>();
    for (const row of Array.isArray(calls) ? (calls as unknown[]) : []) {
      this.#learn(row);
      if (isRecord(row)) known.add(String(row['call_sid']));
    }
    for (const row of this.#calls.values()) if (!known.has(row.call_sid)) this.#lose(row);
    this.#grace?.cancel();
    this.#grace = undefined;
    this.#told = false;
    this.#state = 'open';
    this.#parts.events.shown();
  }

  #learn(data: unknown): void {
    const row = rowOf(data, this.#parts.node);
    if (row === undefined || (this.#calls.size >= limits.calls && !this.#calls.has(row.call_sid))) return;
    const before = this.#calls.get(row.call_sid);
    this.#calls.set(row.call_sid, row);
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(row)) this.#parts.events.call(row);
  }

  #end(data: Readonly<Record<string, unknown>>): void {
    const row = this.#calls.get(String(data['call_sid']));
    if (row === undefined) return;
    this.#calls.delete(row.call_sid);
    this.#parts.events.gone(row, data);
  }

  #hear(levels: Readonly<Record<string, unknown>>): void {
    for (const [callSid, db] of Object.entries(levels)) {
      const row = this.#calls.get(callSid);
      if (row !== undefined && typeof db === 'number') this.#parts.events.level(row, db);
    }
  }

  #forget(): void {
    this.#grace = undefined;
    for (const row of this.#calls.values()) this.#lose(row);
  }

  #lose(row: RemoteRow): void {
    const ended = new Date(this.#parts.clock.now()).toISOString();
    this.#end({ call_sid: row.call_sid, ended });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rowOf(data: unknown, node: string): RemoteRow | undefined {
  if (!isRecord(data)) return undefined;
  const { call_sid: callSid, account_sid: accountSid } = data;
  if (typeof callSid !== 'string' || callSid.length > 64 || typeof accountSid !== 'string') return undefined;
  if (JSON.stringify(data).length > limits.row) return undefined;
  return { ...data, call_sid: callSid, account_sid: accountSid, node };
}
