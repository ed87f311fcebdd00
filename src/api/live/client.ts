/** One listener of live events. What a slow one has not taken yet is held as the latest state, never as a queue: it may miss
 * steps, not the outcome, and costs no more for being slow. */
import type { Writable } from 'node:stream';
import type { Clock } from '../../base/index.ts';

export type LiveSink = Pick<Writable, 'write' | 'end' | 'once' | 'off'>;

/** Waiting for so long, it is given up. */
const stuckMs = 60_000;
/** More calls than this wait: a new snapshot says it shorter. */
const mostCalls = 2_000;
const mostAlerts = 50;
const mostRegistrations = 500;

type State = 'flowing' | 'blocked' | 'closed';

export type LiveClientOptions = {
  readonly sink: LiveSink;
  readonly clock: Clock;
  /** undefined: all accounts. */
  readonly accountSid: string | undefined;
  readonly levels: boolean;
  /** Alerts of the server itself, beside those of the account. */
  readonly server: boolean;
  /** Another node listens: it wants to hear of the calls here, and of no others. */
  readonly own: boolean;
  /** The snapshot event's data, as of now. */
  readonly snapshot: () => string;
};

export class LiveClient {
  readonly accountSid: string | undefined;
  readonly wantsLevels: boolean;
  readonly own: boolean;
  readonly #options: LiveClientOptions;
  #state: State = 'flowing';
  #blockedAt = 0;
  /** What is to be said, in the order of these fields. */
  #snapshot: boolean = true;
  readonly #calls = new Map<string, { readonly event: 'call' | 'gone'; readonly data: string }>();
  readonly #registrations = new Map<string, string>();
  #alerts: string[] = [];
  #levels: string | undefined;
  #nodes: string | undefined;

  constructor(options: LiveClientOptions) {
    this.#options = options;
    this.accountSid = options.accountSid;
    this.wantsLevels = options.levels;
    this.own = options.own;
  }

  sees(accountSid: string): boolean {
    return this.accountSid === undefined || this.accountSid === accountSid;
  }

  /** Is an alert of this account for it? '': of the server itself. */
  hears(accountSid: string): boolean {
    return this.sees(accountSid) || (accountSid === '' && this.#options.server);
  }

  /** `gone` takes the place of whatever the call had to say. */
  call(callSid: string, event: 'call' | 'gone', data: string): void {
    if (this.#snapshot) return;
    this.#calls.set(callSid, { event, data });
    if (this.#calls.size > mostCalls) this.restart();
  }

  alert(data: string): void {
    this.#alerts.push(data);
    if (this.#alerts.length > mostAlerts) this.#alerts.shift();
  }

  registration(aor: string, data: string): void {
    this.#registrations.delete(aor);
    this.#registrations.set(aor, data);
    const [oldest] = this.#registrations.keys();
    if (this.#registrations.size > mostRegistrations && oldest !== undefined) this.#registrations.delete(oldest);
  }

  levels(data: string): void {
    this.#levels = data;
  }

  nodes(data: string): void {
    if (!this.#snapshot) this.#nodes = data;
  }

  /** Says everything anew. */
  restart(): void {
    this.#calls.clear();
    this.#snapshot = true;
  }

  /** Sends what there is, if it is being taken. */
  flush(): void {
    if (this.#state !== 'flowing') return;
    const text = this.#take();
    if (text !== '') this.#write(text);
  }

  heartbeat(at: number): void {
    if (this.#state === 'flowing') this.#write(event('heartbeat', JSON.stringify({ at: new Date(at).toISOString() })));
  }

  /** Has taken nothing for too long. */
  get stuck(): boolean {
    return this.#state === 'blocked' && this.#options.clock.monotonic() - this.#blockedAt > stuckMs;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#calls.clear();
    this.#registrations.clear();
    this.#alerts = [];
    this.#options.sink.end();
  }

  #take(): string {
    let text = '';
    if (this.#snapshot) {
      this.#snapshot = false;
      text += event('snapshot', this.#options.snapshot());
    }
    for (const { event: name, data } of this.#calls.values()) text += event(name, data);
    for (const data of this.#registrations.values()) text += event('registration', data);
    for (const data of this.#alerts) text += event('alert', data);
    if (this.#nodes !== undefined) text += event('nodes', this.#nodes);
    if (this.#levels !== undefined) text += event('levels', this.#levels);
    this.#calls.clear();
    this.#registrations.clear();
    this.#alerts = [];
    this.#nodes = undefined;
    this.#levels = undefined;
    return text;
  }

  #write(text: string): void {
    const { sink, clock } = this.#options;
    if (sink.write(text)) return;
    this.#state = 'blocked';
    this.#blockedAt = clock.monotonic();
    sink.once('drain', () => {
      if (this.#state === 'blocked') this.#state = 'flowing';
      this.flush();
    });
  }
}

/** JSON has no line breaks, so one data line will do. WHATWG HTML §9.2.5. */
function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
