/** Figures of calls and hooks, counted from the trace: outcomes, set-up times, talk, hook latency, audio quality. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { CallTrace, HookTrace, TraceEvent } from '../base/index.ts';
import { ListenFigures } from './listen-figures.ts';

type Times = { readonly startedAt: number; sentAt: number; rangAt: number; answeredAt: number };

/** Sessions whose end nobody told of must not pile up. */
const mostSessions = 100_000;
const finals = new Set(['leg.completed', 'leg.failed', 'leg.busy', 'leg.no-answer', 'leg.queued']);
const setupBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

export class CallFigures {
  readonly #times = new Map<string, Times>();
  readonly #directionOf: (callSid: string) => string | undefined;
  readonly #calls: Counter<'direction' | 'status'>;
  readonly #started: Counter;
  readonly #setup: Histogram<'stage'>;
  readonly #talk: Histogram;
  readonly #hooks: Histogram<'type' | 'outcome'>;
  readonly #quality: Quality;
  readonly #listens: ListenFigures;

  constructor(registers: Registry[], directionOf: (callSid: string) => string | undefined) {
    this.#directionOf = directionOf;
    const status = ['direction', 'status'] as const;
    this.#calls = new Counter({
      name: 'graine_calls_total',
      help: 'Legs that ended, by outcome',
      labelNames: status,
      registers,
    });
    this.#started = new Counter({ name: 'graine_sessions_started_total', help: 'Sessions started', registers });
    this.#setup = new Histogram({
      name: 'graine_call_setup_seconds',
      help: 'From the start of a session to: the first INVITE out, the first ringing, the answer',
      labelNames: ['stage'],
      buckets: setupBuckets,
      registers,
    });
    this.#talk = new Histogram({
      name: 'graine_call_talk_seconds',
      help: 'From answer to end of a session',
      buckets: [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
      registers,
    });
    this.#hooks = new Histogram({
      name: 'graine_hook_duration_seconds',
      help: 'Hook requests, by type and outcome',
      labelNames: ['type', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#quality = new Quality(registers);
    this.#listens = new ListenFigures(registers);
  }

  count(event: TraceEvent): void {
    if (event.kind === 'call') this.#call(event);
    else if (event.kind === 'hook') this.#hook(event);
    else if (event.kind === 'end') this.#end(event.sessionSid, event.at);
    else if (event.kind === 'link' && event.callSid !== event.sessionSid) this.#sent(event.sessionSid, event.at);
  }

  #call(event: CallTrace): void {
    const { what, sessionSid, callSid, at } = event;
    if (what === 'session.started') {
      this.#started.inc();
      if (this.#times.size < mostSessions)
        this.#times.set(sessionSid, { startedAt: at, sentAt: 0, rangAt: 0, answeredAt: 0 });
    } else if (what === 'leg.ringing' || what === 'leg.early-media') this.#rang(sessionSid, at);
    else if (what === 'leg.in-progress' && callSid === sessionSid) this.#answered(sessionSid, at);
    else if (finals.has(what))
      this.#calls.inc({ direction: this.#directionOf(callSid) ?? 'unknown', status: what.slice(4) });
    else if (what === 'media.quality') this.#quality.observe(event.detail);
    else if (what === 'listen.ended') this.#listens.ended(event.detail);
  }

  #sent(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.sentAt > 0) return;
    times.sentAt = at;
    this.#setup.observe({ stage: 'invite out' }, (at - times.startedAt) / 1000);
  }

  #rang(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.rangAt > 0) return;
    times.rangAt = at;
    this.#setup.observe({ stage: 'ringing' }, (at - times.startedAt) / 1000);
  }

  #answered(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.answeredAt > 0) return;
    times.answeredAt = at;
    this.#setup.observe({ stage: 'answer' }, (at - times.startedAt) / 1000);
  }

  #end(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined) return;
    this.#times.delete(sessionSid);
    if (times.answeredAt > 0) this.#talk.observe((at - times.answeredAt) / 1000);
  }

  #hook(event: HookTrace): void {
    const outcome = event.status === undefined ? 'error' : `${Math.floor(event.status / 100)}xx`;
    this.#hooks.observe({ type: event.type, outcome }, event.durationMs / 1000);
  }
}

/** What was measured of the audio of a leg, when it ends: `media.quality` with the fields of ports/media Quality. */
class Quality {
  readonly #mos: Histogram<'codec'>;
  readonly #jitter: Histogram;
  readonly #loss: Histogram;
  readonly #roundTrip: Histogram;
  readonly #packets: Counter<'direction'>;
  readonly #lost: Counter;
  readonly #refused: Counter;
  readonly #unsafe: Counter<'why'>;

  constructor(registers: Registry[]) {
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers });
    this.#mos = new Histogram({
      name: 'graine_rtp_mos',
      help: 'MOS of ended legs, 1 to 4.5 (E-model, on the scale of the codec)',
      labelNames: ['codec'],
      buckets: [1, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.4, 4.5],
      registers,
    });
    this.#jitter = histogram(
      'graine_rtp_jitter_seconds',
      'Jitter of ended legs',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
    );
    this.#loss = histogram(
      'graine_rtp_loss_ratio',
      'Packets lost of those expected',
      [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3],
    );
    this.#roundTrip = histogram(
      'graine_rtp_round_trip_seconds',
      'RTCP round trip',
      [0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8],
    );
    this.#packets = new Counter({
      name: 'graine_rtp_packets_total',
      help: 'RTP packets of ended legs',
      labelNames: ['direction'],
      registers,
    });
    this.#lost = new Counter({
      name: 'graine_rtp_packets_lost_total',
      help: 'RTP packets lost in ended legs',
      registers,
    });
    this.#refused = new Counter({
      name: 'graine_rtp_packets_refused_total',
      help: 'Packets from strangers, what was no RTP, and what did not pass SRTP',
      registers,
    });
    this.#unsafe = new Counter({
      name: 'graine_srtp_packets_refused_total',
      help: 'Packets of SRTP streams without the right tag, and those that had been there before',
      labelNames: ['why'],
      registers,
    });
  }

  observe(detail: Readonly<Record<string, unknown>>): void {
    const figure = (name: string): number | undefined => {
      const value = detail[name];
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    };
    const put = (histogram: Histogram, value: number | undefined, unit = 1): void => {
      if (value !== undefined) histogram.observe(value * unit);
    };
    const { codec } = (detail['mosInputs'] ?? {}) as { codec?: string };
    const mos = figure('mos');
    if (mos !== undefined) this.#mos.observe({ codec: codec ?? 'unknown' }, mos);
    put(this.#jitter, figure('jitterMs'), 0.001);
    put(this.#loss, figure('packetsLostPercent'), 0.01);
    put(this.#roundTrip, figure('roundTripMs'), 0.001);
    this.#packets.inc({ direction: 'in' }, figure('packetsReceived') ?? 0);
    this.#packets.inc({ direction: 'out' }, figure('packetsSent') ?? 0);
    this.#lost.inc(Math.max(0, figure('packetsLost') ?? 0));
    this.#refused.inc(figure('packetsRefused') ?? 0);
    this.#unsafe.inc({ why: 'forged' }, figure('packetsForged') ?? 0);
    this.#unsafe.inc({ why: 'replayed' }, figure('packetsReplayed') ?? 0);
  }
}
