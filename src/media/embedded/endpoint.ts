import type { Quality, StreamSettings } from '../../ports/index.ts';
import { DigitReceiver } from '../dtmf/receiver.ts';
import type { DigitSender } from '../dtmf/sender.ts';
import { type MosInputs, mosInputs, mosOf } from '../quality/emodel.ts';
import { type MosOf, QualityHistory } from '../quality/history.ts';
import { opusPacketMs } from '../quality/impairment.ts';
import { RTP_HEADER_BYTES } from '../rtp/header.ts';
import { Latch } from '../rtp/latch.ts';
import { Outgoing } from '../rtp/outgoing.ts';
import type { Far, Host } from '../rtp/packet.ts';
import { Reception } from '../rtp/reception.ts';
import { OPENED, REPLAYED, type Verdict } from '../srtp/receiver.ts';
import { Srtp } from '../srtp/srtp.ts';
import type { WebLink } from '../webrtc/web-link.ts';
import type { SoundPlay } from '../studio/sound.ts';
import type { Said } from '../studio/said.ts';
import type { Strip } from '../studio/strip.ts';
import type { Heard } from './heard.ts';
import type { Recorder } from './recorder.ts';
import { type Codecs, codecsOf, noCodecs } from './codecs.ts';
import type { Route } from './route.ts';

/** Where received audio also goes. */
export type Tap = { readonly recorder: Recorder; readonly channel: number };

/** One leg's media in its worker: a pair of ports, what was negotiated, what is known of the far end. */
export class Endpoint {
  readonly id: number;
  readonly slot: number;
  readonly port: number;
  readonly latch = new Latch();
  readonly reception = new Reception();
  readonly history = new QualityHistory();
  readonly digits: DigitReceiver;
  readonly outgoing: Outgoing;
  settings: StreamSettings | undefined;
  codecs: Codecs = noCodecs;
  mayReceive = false;
  maySend = false;
  peer: Endpoint | undefined;
  route: Route | undefined;
  muted = false;
  refused = 0;
  /** So long it had been under way when this process took it over. */
  underWayMs: number | undefined;
  /** What protects its packets; undefined: they are in the clear. */
  srtp: Srtp | undefined;
  forged = 0;
  replayed = 0;
  tap: Tap | undefined;

  /** What we make for the far end, in order of precedence; while there is any, nothing is relayed to it. */
  keys: DigitSender | undefined;
  keySound: SoundPlay | undefined;
  player: SoundPlay | undefined;
  /** Timeline of what we make; -1 while we make nothing. */
  madeAt = -1;
  keyAt = 0;
  /** When comfort noise was last sent; -1 before. */
  noiseAt = -1;

  /** What the studio is asked to do with its sound; and its halves, while something needs them. */
  strip: Strip | undefined;
  said: Said | undefined;
  heard: Heard | undefined;
  /** The other party sends what this far end does not take. */
  transcoded = false;

  /** Its far end speaks WebRTC. */
  web: WebLink | undefined;

  /** RTCP comes and goes on the port of RTP, as with WebRTC. */
  rtcpMux = false;
  rtcpSignalled: Far | undefined;
  rtcpLearned: Far | undefined;
  /** First byte of the newest sound: Opus tells its band there. */
  head = 0;
  /** Since when silence counts. */
  dueSince = 0;
  /** How often this silence was told. */
  silences = 0;
  nextReport = -1;
  sentAtReport = 0;
  /** From the far end's last sender report: its middle NTP bits and when it came. */
  lastReport = 0;
  lastReportAt = 0;
  roundTripMs: number | undefined;
  farLostPercent: number | undefined;

  // oxlint-disable-next-line max-params -- identity, three numbers of it
  constructor(
    id: number,
    slot: number,
    port: number,
    outgoing: Outgoing,
    onDigit: (digit: string, ms: number) => void,
  ) {
    this.id = id;
    this.slot = slot;
    this.port = port;
    this.outgoing = outgoing;
    this.digits = new DigitReceiver(onDigit);
  }

  /** Making sound or keys for the far end, so not relaying to it. */
  get making(): boolean {
    return this.player !== undefined || this.keys !== undefined || this.keySound !== undefined;
  }

  /** Sets what was negotiated. `host` turns an address into what the wire compares. */
  configure(settings: StreamSettings, host: (address: string) => Host, now: number): void {
    this.settings = settings;
    this.codecs = codecsOf(settings.payloads);
    const { direction } = settings;
    const received = this.mayReceive;
    this.mayReceive = direction === 'sendrecv' || direction === 'recvonly';
    this.maySend = direction === 'sendrecv' || direction === 'sendonly';
    if (!received) this.dueSince = now;
    // Keys of WebRTC come by DTLS, and where its far end is, ICE tells.
    this.rtcpMux = settings.web !== undefined || settings.ice !== undefined || settings.rtcpMux === true;
    if (settings.web !== undefined) return;
    if (settings.srtp === undefined) this.srtp = undefined;
    else if (this.srtp === undefined) this.srtp = new Srtp(settings.srtp, settings.underWayMs);
    else this.srtp.rekey(settings.srtp, now);
    if (settings.ice === undefined) this.#address(settings, host);
  }

  /** Counts what did not pass SRTP. True for a packet that did. */
  passed(verdict: Verdict): boolean {
    if (verdict === OPENED) return true;
    if (verdict === REPLAYED) this.replayed++;
    else this.forged++;
    return false;
  }

  /** Where reports go: the learned source, else the signalled address, as long as RTP goes there too. */
  get rtcpFar(): Far | undefined {
    const far = this.latch.far;
    if (this.rtcpLearned !== undefined || far === undefined) return this.rtcpLearned;
    if (this.rtcpSignalled?.host === far.host) return this.rtcpSignalled;
    return this.rtcpMux ? far : { host: far.host, port: Math.min(65535, far.port + 1) };
  }

  /** May a report come from there? Only from the host RTP comes from, then only from one port. */
  takesReport(host: Host, port: number, ssrc: number): boolean {
    const learned = this.rtcpLearned;
    if (learned !== undefined) return learned.port === port && learned.host === host;
    const far = this.latch.far;
    if (far === undefined || far.host !== host) return false;
    const signalled = this.rtcpSignalled;
    const exact = signalled !== undefined && signalled.host === host && signalled.port === port;
    // Where RTP comes from another place than signalled, reports do too.
    if (!exact && (!this.latch.moved || ssrc !== this.reception.ssrc)) return false;
    this.rtcpLearned = { host, port };
    return true;
  }

  /** A packet came: silence is over. `head`: the first byte of its payload. */
  came(isAudio: boolean, head: number): void {
    this.silences = 0;
    if (isAudio) this.head = head;
  }

  /** One look at how the stream does now: an entry of its history when a second is over. */
  watchQuality(now: number, wall: number): void {
    const { reception } = this;
    if (!this.history.due(now, reception.packets)) return;
    const { packets, lost, jitterMs } = reception;
    this.history.tick(now, wall, { packets, lost, jitterMs, roundTripMs: this.roundTripMs }, this.#mosOf);
  }

  readonly #mosOf: MosOf = (lossPercent) => {
    const inputs = this.#mosInputs(lossPercent);
    return inputs === undefined ? undefined : mosOf(inputs);
  };

  #mosInputs(lossPercent: number | undefined): MosInputs | undefined {
    const { reception, head, roundTripMs } = this;
    const codec = this.codecs.audio;
    const { jitterMs, packets, bytes } = reception;
    if (lossPercent === undefined || codec === undefined || jitterMs === undefined) return undefined;
    const stated = this.settings?.ptime ?? 20;
    const ptime = codec === 'OPUS' ? opusPacketMs(head, stated) : stated;
    const kbits = (8 * (bytes - packets * RTP_HEADER_BYTES)) / (packets * ptime);
    return mosInputs({ codec, stream: { kbits, head }, lossPercent, jitterMs, roundTripMs, ptime });
  }

  /** The figures with their history. */
  qualityBySecond(): Quality {
    const seconds = this.history.read();
    return seconds === undefined ? this.quality() : { ...this.quality(), seconds };
  }

  quality(): Quality {
    const { reception, outgoing } = this;
    const lossPercent = reception.lostPercent;
    const inputs = this.#mosInputs(lossPercent);
    return {
      packetsReceived: reception.packets,
      packetsSent: outgoing.packets,
      bytesReceived: reception.bytes,
      bytesSent: outgoing.bytes,
      packetsLost: reception.lost,
      packetsLostPercent: lossPercent,
      jitterMs: reception.jitterMs,
      roundTripMs: this.roundTripMs,
      mos: inputs === undefined ? undefined : mosOf(inputs),
      mosInputs: inputs,
      packetsRefused: this.refused,
      ...(this.srtp === undefined ? {} : { packetsForged: this.forged, packetsReplayed: this.replayed }),
      farLostPercent: this.farLostPercent,
    };
  }

  /** Where ICE found the far end; RTP and RTCP share that port. */
  reach(far: Far | undefined): void {
    this.latch.signal(far, undefined);
    this.rtcpSignalled = far;
    this.rtcpLearned = far;
  }

  #address(settings: StreamSettings, host: (address: string) => Host): void {
    const remote = settings.remote;
    const before = this.latch.far;
    // 0.0.0.0 is how old phones hold (RFC 3264 §8.4); sent to, it would be ourselves.
    if (remote === undefined || remote.port === 0 || remote.address === '0.0.0.0' || remote.address === '::') {
      this.latch.signal(undefined, undefined);
      this.rtcpSignalled = undefined;
    } else {
      const from = remote.signalledFrom;
      this.latch.signal({ host: host(remote.address), port: remote.port }, from === undefined ? undefined : host(from));
      this.rtcpSignalled = { host: host(remote.address), port: remote.rtcpPort ?? remote.port + 1 };
    }
    if (this.latch.far !== before) this.rtcpLearned = undefined;
  }
}
