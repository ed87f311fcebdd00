/** The live feed: server-sent events in, one change a frame out.
 *
 *   EventSource → pending (latest state a call) → next animation frame → calls, order → listeners (React, once)
 *                 levels ───────────────────────────────────────────────→ read by the meters as they draw
 *
 * Nothing polls. A lost connection is made anew, and the snapshot it begins with replaces everything. */

export type LiveQuality = {
  readonly mos?: number | null;
  readonly loss_percent?: number | null;
  readonly jitter_ms?: number | null;
  readonly round_trip_ms?: number | null;
};

export type LiveCall = {
  readonly call_sid: string;
  readonly parent_call_sid: string | null;
  readonly session: string;
  readonly account_sid: string;
  /** Where it runs. */
  readonly node?: string;
  readonly application_sid: string | null;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly started_at: string | number;
  readonly answered_at: string | number | null;
  readonly carrier: string | null;
  readonly target: string | null;
  readonly codec: string | null;
  readonly media_path: string | null;
  readonly quality?: LiveQuality;
};

export type FeedState = 'connecting' | 'live' | 'lost';

/** Of several nodes: whose calls are shown, and whether the server can know of all nodes. */
export type NodesView = {
  readonly shared: boolean;
  readonly nodes: readonly { readonly node: string; readonly shown: boolean }[];
};

export type LiveView = {
  readonly state: FeedState;
  readonly nodes?: NodesView | undefined;
  /** Legs, those of one session together, the newest session first. */
  readonly calls: readonly LiveCall[];
};

type Pending = { readonly calls: Map<string, LiveCall | undefined>; snapshot: boolean };

/** A browser does not come back by itself after a refusal (503 while starting, too many streams). */
const againMs = 4000;

/** A level nobody renewed for so long is silence. */
const freshMs = 1500;

function startOf(call: LiveCall): number {
  return typeof call.started_at === 'number' ? call.started_at : Date.parse(call.started_at);
}

/** Does it stay where it is in the list? What changes in most news (state, quality) does not move a leg. */
function staysInPlace(known: LiveCall | undefined, call: LiveCall): boolean {
  return (
    known !== undefined &&
    known.session === call.session &&
    known.started_at === call.started_at &&
    known.parent_call_sid === call.parent_call_sid
  );
}

export class LiveFeed {
  #source: EventSource | undefined;
  #view: LiveView = { state: 'connecting', calls: [] };
  readonly #calls = new Map<string, LiveCall>();
  readonly #pending: Pending = { calls: new Map(), snapshot: false };
  readonly #levels = new Map<string, { db: number; at: number }>();
  readonly #listeners = new Set<() => void>();
  readonly #others = new Map<string, Set<(data: unknown) => void>>();
  #nodes: NodesView | undefined;
  #frame = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): LiveView => this.#view;

  /** What the far end of this leg says now, dBFS; undefined when it is not known. */
  levelOf(callSid: string, now: number): number | undefined {
    const level = this.#levels.get(callSid);
    return level === undefined || now - level.at > freshMs ? undefined : level.db;
  }

  /** `alert` and `registration` events. */
  on(event: 'alert' | 'registration', listener: (data: unknown) => void): () => void {
    const listeners = this.#others.get(event) ?? new Set();
    this.#others.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** `server`: alerts of the server itself too. */
  open(accountSid: string | undefined, server: boolean): void {
    this.close();
    const search = new URLSearchParams({ levels: '1', ...(server ? { server: '1' } : {}) });
    if (accountSid !== undefined) search.set('account_sid', accountSid);
    const source = new EventSource(`/v1/Live?${search.toString()}`);
    this.#source = source;
    const on = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data)));
    on('snapshot', (data) => {
      const { calls, nodes } = data as { calls: LiveCall[]; nodes?: NodesView };
      this.#nodes = nodes;
      this.#snapshot(calls);
    });
    on('nodes', (data) => {
      this.#nodes = data as NodesView;
      this.#schedule();
    });
    on('call', (data) => this.#change((data as LiveCall).call_sid, data as LiveCall));
    on('gone', (data) => this.#change((data as { call_sid: string }).call_sid, undefined));
    on('levels', (data) => this.#heard(data as Record<string, number>));
    for (const name of ['alert', 'registration'])
      on(name, (data) => {
        for (const listener of this.#others.get(name) ?? []) listener(data);
      });
    this.#tell('connecting', []);
    source.addEventListener('error', () => {
      this.#tell('lost');
      if (source.readyState === EventSource.CLOSED)
        this.#again = setTimeout(() => this.open(accountSid, server), againMs);
    });
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#again);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#pending.calls.clear();
    this.#calls.clear();
    this.#levels.clear();
    this.#nodes = undefined;
    this.#view = { state: 'connecting', calls: [] };
  }

  #snapshot(calls: readonly LiveCall[]): void {
    this.#pending.snapshot = true;
    this.#pending.calls.clear();
    for (const call of calls) this.#pending.calls.set(call.call_sid, call);
    this.#schedule();
  }

  #change(callSid: string, call: LiveCall | undefined): void {
    this.#pending.calls.set(callSid, call);
    this.#schedule();
  }

  #heard(levels: Readonly<Record<string, number>>): void {
    const at = performance.now();
    for (const [callSid, db] of Object.entries(levels)) this.#levels.set(callSid, { db, at });
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#apply());
  }

  #apply(): void {
    this.#frame = 0;
    let inPlace = !this.#pending.snapshot;
    if (this.#pending.snapshot) this.#calls.clear();
    for (const [callSid, call] of this.#pending.calls) {
      inPlace &&= call !== undefined && staysInPlace(this.#calls.get(callSid), call);
      if (call !== undefined) this.#calls.set(callSid, call);
      else {
        this.#calls.delete(callSid);
        this.#levels.delete(callSid);
      }
    }
    this.#pending.calls.clear();
    this.#pending.snapshot = false;
    const latest = (call: LiveCall): LiveCall => this.#calls.get(call.call_sid) as LiveCall;
    this.#tell('live', inPlace ? this.#view.calls.map(latest) : inOrder(this.#calls));
  }

  #tell(state: FeedState, calls = this.#view.calls): void {
    this.#view = { state, calls, nodes: this.#nodes };
    for (const listener of this.#listeners) listener();
  }
}

/** Sessions by their first leg, newest first; in a session the caller's leg first. */
function inOrder(calls: ReadonlyMap<string, LiveCall>): LiveCall[] {
  const starts = new Map<string, number>();
  const legs = Array.from(calls.values(), (call) => ({ call, start: startOf(call) }));
  for (const { call, start } of legs) starts.set(call.session, Math.min(start, starts.get(call.session) ?? Infinity));
  const rank = (call: LiveCall) => (call.parent_call_sid === null ? 0 : 1);
  legs.sort(
    (a, b) =>
      (starts.get(b.call.session) as number) - (starts.get(a.call.session) as number) ||
      (a.call.session < b.call.session ? -1 : a.call.session > b.call.session ? 1 : 0) ||
      rank(a.call) - rank(b.call) ||
      a.start - b.start,
  );
  return legs.map(({ call }) => call);
}
