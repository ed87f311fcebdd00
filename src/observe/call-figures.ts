/** Figures of calls and hooks, counted from the trace: outcomes, set-up times, talk, hook latency, audio quality. */
import type { Registry } from 'prom-client';
import type { CallTrace, HookTrace, TraceEvent } from '../base/index.ts';
import { ListenFigures } from './listen-figures.ts';
import { Tallies, type Tally, type Total, Totals } from './tally.ts';

type Times = { readonly startedAt: number; sentAt: number; rangAt: number; answeredAt: number };

/** Sessions whose end nobody told of must not pile up. */
const mostSessions = 100_000;
const finals = new Set(['leg.completed', 'leg.failed', 'leg.busy', 'leg.no-answer', 'leg.queued']);
const setupBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

export class CallFigures {
  readonly #times = new Map<string, Times>();
  readonly #calls: Totals;
  readonly #started: Total;
  readonly #sent: Tally;
  readonly #rung: Tally;
  readonly #setUp: Tally;
  readonly #talk: Tally;
  readonly #hooks: Tallies;
  readonly #quality: Quality;
  readonly #listens: ListenFigures;

  constructor(registers: Registry[]) {
    const about = { name: 'graine_calls_total', help: 'Legs that ended, by outcome' };
    this.#calls = new Totals(registers, { ...about, labels: ['direction', 'status'] });
    this.#started = new Totals(registers, { name: 'graine_sessions_started_total', help: 'Sessions started' }).of();
    const setup = new Tallies(registers, {
      name: 'graine_call_setup_seconds',
      help: 'From the start of a session to: the first INVITE out, the first ringing, the answer',
      labels: ['stage'],
      buckets: setupBuckets,
    });
    this.#sent = setup.of('invite out');
    this.#rung = setup.of('ringing');
    this.#setUp = setup.of('answer');
    this.#talk = new Tallies(registers, {
      name: 'graine_call_talk_seconds',
      help: 'From answer to end of a session',
      buckets: [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    }).of();
    this.#hooks = new Tallies(registers, {
      name: 'graine_hook_duration_seconds',
      help: 'Hook requests, by type and outcome',
      labels: ['type', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.#quality = new Quality(registers);
    this.#listens = new ListenFigures(registers);
  }

  count(event: TraceEvent): void {
    if (event.kind === 'call') this.#call(event);
    else if (event.kind === 'hook') this.#hook(event);
    else if (event.kind === 'end') this.#end(event.sessionSid, event.at);
    else if (event.kind === 'link' && event.callSid !== event.sessionSid) this.#inviteOut(event.sessionSid, event.at);
  }

  #call(event: CallTrace): void {
    const { what, sessionSid, callSid, at } = event;
    if (what === 'session.started') {
      this.#started.add();
      if (this.#times.size < mostSessions)
        this.#times.set(sessionSid, { startedAt: at, sentAt: 0, rangAt: 0, answeredAt: 0 });
    } else if (what === 'leg.ringing' || what === 'leg.early-media') this.#rang(sessionSid, at);
    else if (what === 'leg.in-progress' && callSid === sessionSid) this.#answered(sessionSid, at);
    else if (finals.has(what)) this.#calls.of(event.direction ?? 'unknown', what.slice(4)).add();
    else if (what === 'media.quality') this.#quality.observe(event.detail);
    else if (what === 'listen.ended') this.#listens.ended(event.detail);
  }

  #inviteOut(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.sentAt > 0) return;
    times.sentAt = at;
    this.#sent.observe((at - times.startedAt) / 1000);
  }

  #rang(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.rangAt > 0) return;
    times.rangAt = at;
    this.#rung.observe((at - times.startedAt) / 1000);
  }

  #answered(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined || times.answeredAt > 0) return;
    times.answeredAt = at;
    this.#setUp.observe((at - times.startedAt) / 1000);
  }

  #end(sessionSid: string, at: number): void {
    const times = this.#times.get(sessionSid);
    if (times === undefined) return;
    this.#times.delete(sessionSid);
    if (times.answeredAt > 0) this.#talk.observe((at - times.answeredAt) / 1000);
  }

  #hook(event: HookTrace): void {
    const outcome = event.status === undefined ? 'error' : `${Math.floor(event.status / 100)}xx`;
    this.#hooks.of(event.type, outcome).observe(event.durationMs / 1000);
  }
}

/** What was measured of the audio of a leg, when it ends: `media.quality` with the fields of ports/media Quality. */
class Quality {
  readonly #mos: Tallies;
  readonly #jitter: Tally;
  readonly #loss: Tally;
  readonly #roundTrip: Tally;
  readonly #received: Total;
  readonly #sent: Total;
  readonly #lost: Total;
  readonly #refused: Total;
  readonly #forged: Total;
  readonly #replayed: Total;

  constructor(registers: Registry[]) {
    const tally = (name: string, help: string, buckets: number[]) =>
      new Tallies(registers, { name, help, buckets }).of();
    const totals = (name: string, help: string, labels: string[] = []) => new Totals(registers, { name, help, labels });
    this.#mos = new Tallies(registers, {
      name: 'graine_rtp_mos',
      help: 'MOS of ended legs, 1 to 4.5 (E-model, on the scale of the codec)',
      labels: ['codec'],
      buckets: [1, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.4, 4.5],
    });
    this.#jitter = tally(
      'graine_rtp_jitter_seconds',
      'Jitter of ended legs',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
    );
    this.#loss = tally(
      'graine_rtp_loss_ratio',
      'Packets lost of those expected',
      [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3],
    );
    this.#roundTrip = tally(
      'graine_rtp_round_trip_seconds',
      'RTCP round trip',
      [0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8],
    );
    const packets = totals('graine_rtp_packets_total', 'RTP packets of ended legs', ['direction']);
    this.#received = packets.of('in');
    this.#sent = packets.of('out');
    this.#lost = totals('graine_rtp_packets_lost_total', 'RTP packets lost in ended legs').of();
    const refused = 'Packets from strangers, what was no RTP, and what did not pass SRTP';
    this.#refused = totals('graine_rtp_packets_refused_total', refused).of();
    const unsafe = 'Packets of SRTP streams without the right tag, and those that had been there before';
    const byWhy = totals('graine_srtp_packets_refused_total', unsafe, ['why']);
    this.#forged = byWhy.of('forged');
    this.#replayed = byWhy.of('replayed');
  }

  observe(detail: Readonly<Record<string, unknown>>): void {
    const { codec = 'unknown' } = (detail['mosInputs'] ?? {}) as { codec?: string };
    const mos = figure(detail, 'mos');
    if (mos !== undefined) this.#mos.of(codec).observe(mos);
    put(this.#jitter, figure(detail, 'jitterMs'), 0.001);
    put(this.#loss, figure(detail, 'packetsLostPercent'), 0.01);
    put(this.#roundTrip, figure(detail, 'roundTripMs'), 0.001);
    this.#received.add(figure(detail, 'packetsReceived') ?? 0);
    this.#sent.add(figure(detail, 'packetsSent') ?? 0);
    this.#lost.add(Math.max(0, figure(detail, 'packetsLost') ?? 0));
    this.#refused.add(figure(detail, 'packetsRefused') ?? 0);
    this.#forged.add(figure(detail, 'packetsForged') ?? 0);
    this.#replayed.add(figure(detail, 'packetsReplayed') ?? 0);
  }
}

function figure(detail: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = detail[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function put(tally: Tally, value: number | undefined, unit: number): void {
  if (value !== undefined) tally.observe(value * unit);
}
