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

export type LiveView = {
  readonly state: FeedState;
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

export class LiveFeed {
  #source: EventSource | undefined;
  #view: LiveView = { state: 'connecting', calls: [] };
  readonly #calls = new Map<string, LiveCall>();
  readonly #pending: Pending = { calls: new Map(), snapshot: false };
  readonly #levels = new Map<string, { db: number; at: number }>();
  readonly #listeners = new Set<() => void>();
  readonly #others = new Map<string, Set<(data: unknown) => void>>();
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

  open(accountSid: string | undefined): void {
    this.close();
    const search = new URLSearchParams({ levels: '1' });
    if (accountSid !== undefined) search.set('account_sid', accountSid);
    const source = new EventSource(`/v1/Live?${search.toString()}`);
    this.#source = source;
    const on = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data)));
    on('snapshot', (data) => this.#snapshot((data as { calls: LiveCall[] }).calls));
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
      if (source.readyState === EventSource.CLOSED) this.#again = setTimeout(() => this.open(accountSid), againMs);
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
    if (this.#pending.snapshot) this.#calls.clear();
    for (const [callSid, call] of this.#pending.calls) {
      if (call !== undefined) this.#calls.set(callSid, call);
      else {
        this.#calls.delete(callSid);
        this.#levels.delete(callSid);
      }
    }
    this.#pending.calls.clear();
    this.#pending.snapshot = false;
    this.#tell('live', inOrder(this.#calls));
  }

  #tell(state: FeedState, calls = this.#view.calls): void {
    this.#view = { state, calls };
    for (const listener of this.#listeners) listener();
  }
}

/** Sessions by their first leg, newest first; in a session the caller's leg first. */
function inOrder(calls: ReadonlyMap<string, LiveCall>): LiveCall[] {
  const starts = new Map<string, number>();
  for (const call of calls.values()) {
    const known = starts.get(call.session);
    const start = startOf(call);
    if (known === undefined || start < known) starts.set(call.session, start);
  }
  const rank = (call: LiveCall) => (call.parent_call_sid === null ? 0 : 1);
  return [...calls.values()].sort(
    (a, b) =>
      (starts.get(b.session) as number) - (starts.get(a.session) as number) ||
      (a.session < b.session ? -1 : a.session > b.session ? 1 : 0) ||
      rank(a) - rank(b) ||
      startOf(a) - startOf(b),
  );
}
