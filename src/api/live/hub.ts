/** Live events: gathers what changes about calls and hands it to whoever listens. While nobody does, nothing here runs.
 *
 *   trace ─▶ call watch ─▶ changed sessions ──every 250 ms──▶ rows that differ ─▶ clients
 *   engine ─▶ levels ──every 200 ms──▶ clients that asked
 */
import { type Clock, GraineError, type Timer } from '../../base/index.ts';
import type { Alert, CallRow, CallWatch } from '../../ports/index.ts';
import { alertFields } from '../cdr-fields.ts';
import { tooManyStreams } from '../errors.ts';
import type { News } from '../options.ts';
import { LiveClient, type LiveSink } from './client.ts';
import type { OtherCalls } from './others.ts';
import type { RemoteRow } from './peer.ts';

const callsMs = 250;
const levelsMs = 200;
const heartbeatMs = 15_000;
const mostClients = 500;
const mostOfOne = 20;
/** Metering decodes: more calls than this at once are not shown. */
const mostMetered = 500;

export type LiveOptions = {
  readonly watch: CallWatch;
  readonly news: News;
  readonly clock: Clock;
  readonly others: OtherCalls;
  /** The contacts of an address of record, as REST shows them. */
  readonly contactsOf: (aor: string, accountSid: string) => Promise<readonly unknown[]>;
};

export type LiveAsk = {
  readonly sink: LiveSink;
  readonly accountSid: string | undefined;
  readonly levels: boolean;
  /** Alerts of the server itself, beside those of the account. */
  readonly server: boolean;
  /** Only the calls of this node: another node asks. */
  readonly own: boolean;
  /** Whose it is: one key or session may have only so many. */
  readonly owner: string;
  /** May it still listen? Asked at every heartbeat. */
  readonly allowed: () => Promise<boolean>;
};

type Known = { readonly accountSid: string; readonly session: string; readonly text: string; readonly state: string };

/** `remote`: of a call at another node. */
type Level = { readonly accountSid: string; readonly db: number; readonly remote: boolean };

export class LiveHub {
  readonly #options: LiveOptions;
  readonly #clients = new Map<LiveClient, LiveAsk>();
  readonly #known = new Map<string, Known>();
  readonly #dirty = new Set<string>();
  #levels = new Map<string, Level>();
  #running: (() => void)[] = [];
  #metering: Timer | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Throws when there are too many already. */
  join(ask: LiveAsk): LiveClient {
    const own = [...this.#clients.values()].filter(({ owner }) => owner === ask.owner).length;
    if (own >= mostOfOne) throw new GraineError(tooManyStreams, { limit: mostOfOne });
    if (this.#clients.size >= mostClients) throw new GraineError(tooManyStreams, { limit: mostClients });
    const snapshot = () => this.#snapshot(ask);
    const client = new LiveClient({ ...ask, clock: this.#options.clock, snapshot });
    this.#clients.set(client, ask);
    if (this.#clients.size === 1) this.#begin();
    this.#meter();
    this.#want();
    return client;
  }

  leave(client: LiveClient): void {
    client.close();
    if (!this.#clients.delete(client)) return;
    this.#meter();
    this.#want();
    if (this.#clients.size === 0) this.#end();
  }

  /** Closes the streams of an owner: a session that ended, a key that was withdrawn. */
  drop(owner: string): void {
    for (const [client, ask] of this.#clients) if (ask.owner === owner) this.leave(client);
  }

  close(): void {
    for (const client of this.#clients.keys()) this.leave(client);
  }

  #begin(): void {
    const { watch, news, clock, others } = this.#options;
    for (const row of watch.rows()) this.#learn(row);
    const timers = [
      clock.every(callsMs, 'live calls', () => this.#tellCalls()),
      clock.every(heartbeatMs, 'live heartbeat', () => this.#heartbeat()),
    ];
    this.#running = [
      watch.follow(),
      watch.events.on('changed', (session) => this.#dirty.add(session)),
      watch.events.on('level', (callSid, accountSid, db) => {
        this.#levels.set(callSid, { accountSid, db, remote: false });
      }),
      others.events.on('call', (row) => this.#tellRemote('call', row, row)),
      others.events.on('gone', (row, data) => this.#tellRemote('gone', row, data)),
      others.events.on('level', (row, db) => {
        this.#levels.set(row.call_sid, { accountSid: row.account_sid, db, remote: true });
      }),
      others.events.on('news', (event, data) => this.#tellNews(event, data)),
      others.events.on('nodes', (view) => this.#tellNodes(JSON.stringify(view))),
      news.on('alert', (alert) => this.#tellAlert(alert)),
      news.on('registration', (aor, accountSid) => void this.#tellRegistration(aor, accountSid)),
      ...timers.map((timer) => () => timer.cancel()),
    ];
  }

  #end(): void {
    for (const stop of this.#running.splice(0)) stop();
    this.#known.clear();
    this.#dirty.clear();
    this.#levels.clear();
  }

  #learn(row: CallRow): Known {
    const known = { accountSid: row.account_sid, session: row.session, text: JSON.stringify(row), state: row.state };
    this.#known.set(row.call_sid, known);
    return known;
  }

  #snapshot({ accountSid, own }: LiveAsk): string {
    const { watch, clock, others } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const calls = watch.rows(accountSid);
    if (own) return JSON.stringify({ calls, at });
    const nodes = others.view();
    return JSON.stringify({ calls: [...calls, ...others.rows(accountSid)], at, ...(nodes && { nodes }) });
  }

  /** What is wanted of the other nodes: no more than somebody here looks at. */
  #want(): void {
    const looking = [...this.#clients.values()].filter(({ own }) => !own);
    const accounts = new Set(looking.map(({ accountSid }) => accountSid));
    const [accountSid] = accounts.size === 1 ? accounts : [undefined];
    const levels = looking.some((each) => each.levels);
    const server = looking.some((each) => each.server);
    this.#options.others.want(looking.length === 0 ? undefined : { accountSid, levels, server });
  }

  #tellRemote(event: 'call' | 'gone', row: RemoteRow, data: unknown): void {
    const text = JSON.stringify(data);
    for (const client of this.#clients.keys())
      if (!client.own && client.sees(row.account_sid)) client.call(row.call_sid, event, text);
  }

  #tellNews(event: 'alert' | 'registration', data: Readonly<Record<string, unknown>>): void {
    const { account_sid: accountSid, aor } = data;
    if (typeof accountSid !== 'string') return;
    for (const client of this.#clients.keys()) {
      if (client.own || !client.hears(accountSid)) continue;
      if (event === 'alert') client.alert(JSON.stringify(data));
      else client.registration(String(aor), JSON.stringify(data));
    }
  }

  #tellNodes(text: string): void {
    for (const client of this.#clients.keys()) if (!client.own) client.nodes(text);
  }

  #tellCalls(): void {
    if (this.#dirty.size > 0) {
      const sessions = new Set(this.#dirty);
      this.#dirty.clear();
      const seen = new Set<string>();
      for (const row of this.#options.watch.rows(undefined, sessions)) {
        seen.add(row.call_sid);
        const before = this.#known.get(row.call_sid)?.text;
        const known = this.#learn(row);
        if (known.text !== before) this.#tell(row.call_sid, known, 'call');
      }
      for (const [callSid, known] of this.#known) {
        if (!sessions.has(known.session) || seen.has(callSid)) continue;
        this.#known.delete(callSid);
        const ended = new Date(this.#options.clock.now()).toISOString();
        this.#tell(callSid, { ...known, text: JSON.stringify({ call_sid: callSid, ended }) }, 'gone');
      }
      this.#meter();
    }
    for (const client of this.#clients.keys()) client.flush();
  }

  #tell(callSid: string, { accountSid, text }: Known, event: 'call' | 'gone'): void {
    for (const client of this.#clients.keys()) if (client.sees(accountSid)) client.call(callSid, event, text);
  }

  #tellAlert(alert: Alert): void {
    const text = JSON.stringify(alertFields(alert));
    for (const client of this.#clients.keys()) if (client.hears(alert.accountSid)) client.alert(text);
  }

  async #tellRegistration(aor: string, accountSid: string): Promise<void> {
    const listeners = [...this.#clients.keys()].filter((client) => client.sees(accountSid));
    if (listeners.length === 0) return;
    const contacts = await this.#options.contactsOf(aor, accountSid).catch(() => undefined);
    if (contacts === undefined) return;
    const text = JSON.stringify({ aor, contacts, account_sid: accountSid });
    for (const client of listeners) client.registration(aor, text);
  }

  /** Measures exactly the calls that somebody wants to see the level of. */
  #meter(): void {
    const { watch, clock } = this.#options;
    const listeners = [...this.#clients.keys()].filter((client) => client.wantsLevels);
    const wanted = new Set<string>();
    for (const [callSid, { accountSid, state }] of this.#known) {
      if (wanted.size >= mostMetered) break;
      if (state === 'in-progress' && listeners.some((client) => client.sees(accountSid))) wanted.add(callSid);
    }
    watch.meter(wanted);
    if (listeners.length === 0) {
      this.#metering?.cancel();
      this.#metering = undefined;
    } else this.#metering ??= clock.every(levelsMs, 'live levels', () => this.#tellLevels());
  }

  #tellLevels(): void {
    if (this.#levels.size === 0) return;
    const levels = this.#levels;
    this.#levels = new Map();
    for (const client of this.#clients.keys()) {
      if (!client.wantsLevels) continue;
      const seen = [...levels]
        .filter(([, { accountSid, remote }]) => client.sees(accountSid) && !(remote && client.own))
        .map(([sid, { db }]) => [sid, db]);
      if (seen.length === 0) continue;
      client.levels(JSON.stringify(Object.fromEntries(seen)));
      client.flush();
    }
  }

  #heartbeat(): void {
    const now = this.#options.clock.now();
    for (const [client, { allowed }] of this.#clients) {
      if (client.stuck) this.leave(client);
      else {
        client.heartbeat(now);
        void allowed().then(
          (may) => (may ? undefined : this.leave(client)),
          () => undefined,
        );
      }
    }
  }
}
