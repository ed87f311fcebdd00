import type { Packet } from '../rtp/packet.ts';
import { readReport, roundTrip, writeReport } from '../rtp/rtcp.ts';
import type { Endpoint } from './endpoint.ts';
import type { WorkerContext } from './maker.ts';

/** RFC 3550 §6.2: five seconds, half of that before the first; §6.3.1: halved to one and a half, and e - 3/2. */
const INTERVAL_MS = 5000;
const COMPENSATION = Math.E - 1.5;

/** RTCP of all endpoints of a worker: reports out at their time, reports in checked and read. */
export class Reporter {
  readonly #context: WorkerContext;
  readonly #packet: Packet = { bytes: Buffer.alloc(512), at: 0, length: 0, host: '', port: 0 };
  /** One name for this worker's life, unrelated to any user or machine: RFC 7022. */
  readonly #cname: Buffer;
  /** Time of day at zero of the monotonic clock. */
  readonly #epoch: number;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#epoch = context.clock.now() - context.clock.monotonic();
    this.#cname = Buffer.from(context.random.token(16));
  }

  /** Begins reporting once there is someone to report to. */
  start(endpoint: Endpoint, now: number): void {
    if (endpoint.nextReport < 0 && endpoint.latch.far !== undefined)
      endpoint.nextReport = now + this.#interval(INTERVAL_MS / 2);
  }

  tick(endpoint: Endpoint, now: number): void {
    if (endpoint.nextReport < 0 || now < endpoint.nextReport) return;
    endpoint.nextReport = now + this.#interval(INTERVAL_MS);
    this.#send(endpoint, now, false);
  }

  /** RFC 3550 §6.3.7: a goodbye only from one who has sent. */
  goodbye(endpoint: Endpoint): void {
    if (endpoint.outgoing.packets > 0) this.#send(endpoint, this.#context.clock.monotonic(), true);
  }

  /** Takes a received report; false when it must not come in. */
  take(endpoint: Endpoint, packet: Packet, now: number): boolean {
    const { srtp } = endpoint;
    if (srtp !== undefined && !endpoint.passed(srtp.openRtcp(packet, now))) return false;
    const report = readReport(packet.bytes, packet.at, packet.length, endpoint.outgoing.ssrc);
    if (report === undefined || !endpoint.takesReport(packet.host, packet.port, report.ssrc)) return false;
    if (report.reportTime !== 0) {
      endpoint.lastReport = report.reportTime;
      endpoint.lastReportAt = now;
    }
    // A far end's goodbye ends nothing here: only the signalling ends a call.
    if (report.heard === undefined) return true;
    endpoint.farLostPercent = (report.heard.fractionLost * 100) / 256;
    endpoint.roundTripMs = roundTrip(report.heard, this.#wall(now)) ?? endpoint.roundTripMs;
    return true;
  }

  /** The time of day as it was when the worker began, carried on by the clock that never steps: a round trip measured
   * across a change of the system's time would be wrong by it. */
  #wall(now: number): number {
    return this.#epoch + now;
  }

  #send(endpoint: Endpoint, now: number, goodbye: boolean): void {
    const far = endpoint.rtcpFar;
    if (far === undefined) return;
    const { outgoing, reception } = endpoint;
    const sending = outgoing.packets > endpoint.sentAtReport;
    endpoint.sentAtReport = outgoing.packets;
    const about = reception.packets === 0 ? undefined : { ...reception.interval(), ...this.#about(endpoint, now) };
    const sent = { timestamp: timestampNow(endpoint, now), packets: outgoing.packets, bytes: outgoing.payloadBytes };
    this.#packet.length = writeReport(this.#packet.bytes, {
      ssrc: outgoing.ssrc,
      cname: this.#cname,
      wall: this.#wall(now),
      sent: sending ? sent : undefined,
      about,
      goodbye,
    });
    if (endpoint.srtp !== undefined && !endpoint.srtp.protectRtcp(this.#packet)) return;
    this.#context.wire.send(endpoint.slot * 2 + (endpoint.rtcpMux ? 0 : 1), this.#packet, far);
  }

  #about(
    endpoint: Endpoint,
    now: number,
  ): { ssrc: number; highest: number; jitter: number; lastReport: number; delay: number } {
    const { reception } = endpoint;
    const delay = endpoint.lastReport === 0 ? 0 : Math.round(((now - endpoint.lastReportAt) * 65536) / 1000);
    const { ssrc, extendedHighest: highest, jitterUnits: jitter } = reception;
    return { ssrc, highest: highest >>> 0, jitter, lastReport: endpoint.lastReport, delay };
  }

  #interval(ms: number): number {
    return (ms * (0.5 + this.#context.random.integer(1000) / 1000)) / COMPENSATION;
  }
}

/** The RTP timestamp of this moment, for the pair in a sender report: RFC 3550 §6.4.1. */
function timestampNow(endpoint: Endpoint, now: number): number {
  const { outgoing } = endpoint;
  return (outgoing.timestamp + Math.round((now - outgoing.at) * 8)) >>> 0;
}
