/** What WebSocket applications were told, call by call, so that one that was away can ask REST what it missed. Bounded in
 * events and bytes a call and over all calls; kept for a while after the call. */
import type { Clock, Random } from '../base/index.ts';
import type { AppEvent, AppEvents } from '../ports/index.ts';

export type EventLimits = {
  /** Of one call. */
  readonly events: number;
  readonly bytes: number;
  /** After the call's end, ms. */
  readonly keepMs: number;
  /** Of all calls that ended. */
  readonly endedBytes: number;
};

export const eventLimits: EventLimits = {
  events: 1000,
  bytes: 512 * 1024,
  keepMs: 600_000,
  endedBytes: 64 * 1024 * 1024,
};

/** One event, as the log and the socket share it. */
export type Entry = { -readonly [key in keyof AppEvent]: AppEvent[key] } & {
  /** Characters of its JSON: what it weighs. */
  size: number;
};

/** Messages that the process before may have sent since it wrote their numbers down: none of ours may have one of those. */
const UNSEEN = 100;

export class EventLog {
  readonly accountSid: string;
  readonly #limits: EventLimits;
  readonly #entries: Entry[] = [];
  #last = 0;
  bytes = 0;
  endedAt: number | undefined;

  constructor(accountSid: string, limits: EventLimits) {
    this.accountSid = accountSid;
    this.#limits = limits;
  }

  get last(): number {
    return this.#last;
  }

  /** Goes on after what a process before this one told; `owed`: what of it was not acknowledged. */
  resume(last: number, owed: readonly Omit<Entry, 'acknowledged'>[]): Entry[] {
    const entries = owed.map((each) => this.#keep({ ...each, acknowledged: false }));
    this.#last = Math.max(this.#last, last + UNSEEN);
    return entries;
  }

  append(entry: Omit<Entry, 'seq' | 'acknowledged'>): Entry {
    return this.#keep({ ...entry, seq: ++this.#last, acknowledged: false });
  }

  #keep(whole: Entry): Entry {
    this.#entries.push(whole);
    this.bytes += whole.size;
    while (this.#entries.length > this.#limits.events || this.bytes > this.#limits.bytes) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) break;
      this.bytes -= oldest.size;
    }
    return whole;
  }

  after(seq: number): AppEvents {
    const events = this.#entries.filter((entry) => entry.seq > seq);
    const first = events[0]?.seq ?? this.#last + 1;
    return { events, last: this.#last, lost: Math.max(0, first - 1 - Math.max(seq, 0)) };
  }
}

export class EventLogs {
  readonly clock: Clock;
  readonly random: Random;
  readonly #limits: EventLimits;
  readonly #running = new Map<string, EventLog>();
  /** In the order of their ends. */
  readonly #ended = new Map<string, EventLog>();
  #endedBytes = 0;

  constructor(options: { clock: Clock; random: Random; limits?: EventLimits }) {
    this.clock = options.clock;
    this.random = options.random;
    this.#limits = options.limits ?? eventLimits;
  }

  open(accountSid: string, callSid: string): EventLog {
    const known = this.#running.get(callSid);
    if (known !== undefined) return known;
    const log = new EventLog(accountSid, this.#limits);
    this.#running.set(callSid, log);
    return log;
  }

  /** The call is over: its log is kept for a while. */
  end(callSid: string): void {
    const log = this.#running.get(callSid);
    if (log === undefined) return;
    this.#running.delete(callSid);
    log.endedAt = this.clock.now();
    this.#ended.set(callSid, log);
    this.#endedBytes += log.bytes;
    this.#forget();
  }

  find(accountSid: string, callSid: string): EventLog | undefined {
    this.#forget();
    const log = this.#running.get(callSid) ?? this.#ended.get(callSid);
    return log?.accountSid === accountSid ? log : undefined;
  }

  #forget(): void {
    const oldest = this.clock.now() - this.#limits.keepMs;
    for (const [callSid, log] of this.#ended) {
      if ((log.endedAt ?? 0) > oldest && this.#endedBytes <= this.#limits.endedBytes) return;
      this.#ended.delete(callSid);
      this.#endedBytes -= log.bytes;
    }
  }
}
