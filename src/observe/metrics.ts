/** Prometheus figures at /metrics, every unit in its name. Counting on the call path is a few array and map writes; labels
 * and text are made when somebody scrapes. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { TraceChannel, TraceEvent } from '../base/index.ts';
import type { MediaEngine } from '../ports/index.ts';
import { CallFigures } from './call-figures.ts';
import { SipCounters } from './sip-counters.ts';

/** The calls that live here, as far as metrics look at them. */
export type LiveLegs = {
  readonly size: { readonly legs: number; readonly sessions: number };
  legs(): Iterable<{ readonly status: string; readonly identity: { readonly direction: string } }>;
};

export type Followed = {
  readonly guard?: {
    stats(): {
      readonly sources: number;
      readonly banned: number;
      readonly bans: number;
      readonly droppedBanned: number;
      readonly droppedRate: number;
    };
  };
  readonly streams?: () => {
    readonly open: Readonly<Record<string, number>>;
    readonly faulty: Readonly<Record<string, number>>;
    readonly refused: number;
  };
  readonly agent?: { dump(): object };
  /** Contacts registered, over all nodes. */
  readonly registrations?: () => number | Promise<number>;
  /** What the door to new calls is judged by, and whom it refused. */
  readonly load?: {
    figures(): { readonly rate: number | undefined; readonly pressure: Readonly<Record<string, number>> } | undefined;
    refused(): Readonly<Record<string, number>>;
  };
  readonly live?: {
    stats(): { readonly up: boolean; readonly nodes: number; readonly refused: number; readonly waiting: number };
  };
};

export type MetricsOptions = {
  readonly trace: TraceChannel;
  readonly registry: LiveLegs;
  readonly media: Pick<MediaEngine, 'stats'>;
};

export interface Metrics {
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** An alert was raised. */
  alert(type: string): void;
  /** Parts that are made later. */
  follow(parts: Followed): void;
  close(): void;
}

const loopResolutionMs = 50;

class Prometheus implements Metrics {
  readonly #registers = [new Registry()];
  readonly #sip = new SipCounters();
  readonly #calls: CallFigures;
  readonly #loop: IntervalHistogram;
  readonly #options: MetricsOptions;
  readonly #off: () => void;
  readonly #alerts: Counter<'type'>;
  #followed: Followed = {};

  constructor(options: MetricsOptions) {
    this.#options = options;
    const registers = this.#registers;
    this.#calls = new CallFigures(registers);
    this.#alerts = new Counter({ name: 'graine_alerts_total', help: 'Alerts raised', labelNames: ['type'], registers });
    this.#loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
    this.#loop.enable();
    this.#addCalls();
    this.#addSip();
    this.#addLive();
    this.#addMedia();
    this.#addGuard();
    this.#addStreams();
    this.#addLoad();
    this.#addProcess();
    this.#off = options.trace.on('event', (event) => this.#count(event));
  }

  async text(): Promise<{ contentType: string; body: string }> {
    const [register] = this.#registers as [Registry];
    this.#options.trace.flush();
    const body = await register.metrics();
    this.#loop.reset();
    return { contentType: register.contentType, body };
  }

  alert(type: string): void {
    this.#alerts.inc({ type });
  }

  follow(parts: Followed): void {
    this.#followed = { ...this.#followed, ...parts };
  }

  close(): void {
    this.#off();
    this.#loop.disable();
  }

  #count(event: TraceEvent): void {
    if (event.kind === 'sip') this.#sip.count(event);
    else this.#calls.count(event);
  }

  /** A gauge whose values are read at the moment of the scrape. */
  #gauge<L extends string>(
    name: string,
    about: { readonly help: string; readonly labels?: readonly L[] },
    read: (set: (value: number, labels?: Partial<Record<L, string>>) => void) => void | Promise<void>,
  ): void {
    const gauge: Gauge<L> = new Gauge({
      name,
      help: about.help,
      labelNames: about.labels ?? [],
      registers: this.#registers,
      collect: async () => {
        gauge.reset();
        await read((value, labels) =>
          labels === undefined ? gauge.set(value) : gauge.set(labels as Record<L, string>, value),
        );
      },
    });
  }

  /** The same for totals that others count. */
  #total<L extends string>(
    name: string,
    about: { readonly help: string; readonly labels?: readonly L[] },
    read: (add: (value: number, labels?: Partial<Record<L, string>>) => void) => void | Promise<void>,
  ): void {
    const counter: Counter<L> = new Counter({
      name,
      help: about.help,
      labelNames: about.labels ?? [],
      registers: this.#registers,
      collect: async () => {
        counter.reset();
        await read((value, labels) =>
          labels === undefined ? counter.inc(value) : counter.inc(labels as Record<L, string>, value),
        );
      },
    });
  }

  #addCalls(): void {
    const { registry } = this.#options;
    this.#gauge('graine_sessions', { help: 'Sessions that are running' }, (set) => set(registry.size.sessions));
    const about = { help: 'Legs that are running', labels: ['direction', 'status'] as const };
    this.#gauge('graine_legs', about, (set) => {
      const counts = new Map<string, number>();
      for (const { status, identity } of registry.legs()) {
        const key = `${identity.direction} ${status}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, count] of counts) {
        const [direction = '', status = ''] = key.split(' ');
        set(count, { direction, status });
      }
    });
  }

  #addSip(): void {
    const requests = { help: 'SIP requests on the wire', labels: ['direction', 'method'] as const };
    this.#total('graine_sip_requests_total', requests, (add) => {
      for (const { direction, method, count } of this.#sip.requests()) add(count, { direction, method });
    });
    const responses = { help: 'SIP responses on the wire', labels: ['direction', 'status'] as const };
    this.#total('graine_sip_responses_total', responses, (add) => {
      for (const { direction, status, count } of this.#sip.responses()) add(count, { direction, status });
    });
    const held = { help: 'Dialogs and transactions held', labels: ['kind'] as const };
    this.#gauge('graine_sip_state_entries', held, (set) => {
      const dump = (this.#followed.agent?.dump() ?? {}) as { dialogs?: unknown[]; transactions?: unknown };
      set(dump.dialogs?.length ?? 0, { kind: 'dialog' });
      set(Number(dump.transactions ?? 0) || 0, { kind: 'transaction' });
    });
    this.#gauge('graine_registrations', { help: 'Contacts registered, over all nodes' }, async (set) => {
      const count = await this.#followed.registrations?.();
      if (count !== undefined) set(count);
    });
  }

  #addLive(): void {
    const stats = () => this.#followed.live?.stats();
    const up = { help: '1 while the live state that nodes share can be reached' };
    this.#gauge('graine_live_up', up, (set) => set(stats()?.up === false ? 0 : 1));
    this.#gauge('graine_live_nodes', { help: 'Nodes that share live state now' }, (set) => set(stats()?.nodes ?? 1));
    const waiting = { help: 'Changes of live state that wait to be shared' };
    this.#gauge('graine_live_changes_waiting', waiting, (set) => set(stats()?.waiting ?? 0));
    const refused = { help: 'Shared entries that made no sense' };
    this.#total('graine_live_entries_refused_total', refused, (add) => add(stats()?.refused ?? 0));
  }

  #addMedia(): void {
    const { media } = this.#options;
    this.#total(
      'graine_rtp_packets_relayed_total',
      { help: 'RTP packets passed from one far end to another' },
      async (add) => add((await media.stats()).packetsRelayed),
    );
    this.#gauge('graine_media_endpoints', { help: 'Audio endpoints open' }, async (set) =>
      set((await media.stats()).endpoints),
    );
    const ports = { help: 'Media ports by state', labels: ['state'] as const };
    this.#gauge('graine_media_ports', ports, async (set) => {
      const stats = await media.stats();
      set(stats.portsInUse, { state: 'in use' });
      set(stats.portsResting, { state: 'resting' });
      set(stats.portsFree, { state: 'free' });
    });
  }

  #addGuard(): void {
    const stats = () => this.#followed.guard?.stats();
    this.#gauge('graine_sources_banned', { help: 'Addresses banned now' }, (set) => set(stats()?.banned ?? 0));
    this.#gauge('graine_sources_known', { help: 'Addresses with a standing' }, (set) => set(stats()?.sources ?? 0));
    this.#total('graine_source_bans_total', { help: 'Bans imposed' }, (add) => add(stats()?.bans ?? 0));
    const dropped = { help: 'Packets dropped before parsing', labels: ['why'] as const };
    this.#total('graine_sip_packets_dropped_total', dropped, (add) => {
      add(stats()?.droppedBanned ?? 0, { why: 'banned' });
      add(stats()?.droppedRate ?? 0, { why: 'rate' });
    });
  }

  #addStreams(): void {
    const labels = ['transport'] as const;
    const streams = () => this.#followed.streams?.();
    const each = (counts: Readonly<Record<string, number>> | undefined, set: (n: number, l: object) => void): void => {
      for (const [transport, count] of Object.entries(counts ?? {})) if (transport !== 'udp') set(count, { transport });
    };
    this.#gauge('graine_sip_connections', { help: 'SIP connections that stand', labels }, (set) =>
      each(streams()?.open, set),
    );
    const faulty = { help: 'SIP connections closed for what their peer did', labels };
    this.#total('graine_sip_connection_faults_total', faulty, (add) => each(streams()?.faulty, add));
    this.#total('graine_sip_connections_refused_total', { help: 'SIP connections not taken' }, (add) =>
      add(streams()?.refused ?? 0),
    );
  }

  #addLoad(): void {
    const refused = { help: 'New calls refused for want of room', labels: ['reason'] as const };
    this.#total('graine_calls_refused_total', refused, (add) => {
      for (const [reason, count] of Object.entries(this.#followed.load?.refused() ?? {})) add(count, { reason });
    });
    const pressure = { help: 'Load of what may run out; at 1 new calls are refused', labels: ['of'] as const };
    this.#gauge('graine_load_ratio', pressure, (set) => {
      for (const [of, value] of Object.entries(this.#followed.load?.figures()?.pressure ?? {})) set(value, { of });
    });
    const rate = { help: 'New calls a second that are taken; absent while all are' };
    this.#gauge('graine_calls_taken_limit', rate, (set) => {
      const limit = this.#followed.load?.figures()?.rate;
      if (limit !== undefined) set(limit);
    });
    const limited = { help: '1 while new calls are refused beyond a rate' };
    this.#gauge('graine_overloaded', limited, (set) => set(this.#followed.load?.figures()?.rate === undefined ? 0 : 1));
  }

  #addProcess(): void {
    const delay = { help: 'Event-loop delay since the last scrape', labels: ['quantile'] as const };
    this.#gauge('graine_event_loop_delay_seconds', delay, (set) => {
      // The monitor measures its own interval too.
      const seconds = (nanos: number) => Math.max(0, nanos / 1e9 - loopResolutionMs / 1000);
      if (this.#loop.count === 0) return;
      set(seconds(this.#loop.percentile(50)), { quantile: '0.5' });
      set(seconds(this.#loop.percentile(99)), { quantile: '0.99' });
      set(seconds(this.#loop.max), { quantile: '1' });
    });
    this.#gauge('process_resident_memory_bytes', { help: 'Resident memory' }, (set) => set(process.memoryUsage.rss()));
    this.#gauge('process_heap_used_bytes', { help: 'JavaScript heap in use' }, (set) =>
      set(process.memoryUsage().heapUsed),
    );
    this.#total('process_cpu_seconds_total', { help: 'CPU time of this process' }, (add) => {
      const { user, system } = process.cpuUsage();
      add((user + system) / 1e6);
    });
  }
}

export function createMetrics(options: MetricsOptions): Metrics {
  return new Prometheus(options);
}
