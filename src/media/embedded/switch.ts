import type { Clock, Random } from '../../base/index.ts';
import { isPrivateAddress, messageOf } from '../../base/index.ts';
import { toneMs } from '../tone/generate.ts';
import { areDigits, digitSamples } from '../dtmf/digits.ts';
import { DigitSender } from '../dtmf/sender.ts';
import { payloadLength, payloadOffset, readU16, readU32 } from '../rtp/header.ts';
import { Outgoing } from '../rtp/outgoing.ts';
import type { Packet } from '../rtp/packet.ts';
import { isG711 } from '../codec/g711.ts';
import { AUDIO, EVENT, NOT_NEGOTIATED } from './codecs.ts';
import { Endpoint } from './endpoint.ts';
import { Maker, type WorkerContext } from './maker.ts';
import { isReport, REFUSED, RTCP, RTP, type WebLink } from '../webrtc/web-link.ts';
import { WebEnds } from './web-ends.ts';
import { Player, type Samples } from './player.ts';
import type { Command, Report, SoundData, WorkerSetup } from './protocol.ts';
import { Recorder } from './recorder.ts';
import { Reporter } from './reporter.ts';
import { DROP, MAP, SOUND, STUDIO } from './route.ts';
import { Slots } from './slots.ts';
import { SoundPlay } from '../studio/sound.ts';
import type { Studio } from './studio.ts';
import { constant, soundSamples } from './sounds.ts';
import type { Wire, WireEvents } from './wire.ts';

/** How often slow things are looked at: lost ends of keys, silence, reports due, recordings, rest of ports. */
export const SWEEP_MS = 100;

/** First byte of a header with nothing optional in it. */
const PLAIN = 0x80;

export type SwitchOptions = {
  readonly wire: (events: WireEvents) => Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly setup: WorkerSetup;
  /** Takes reports; `flush` when someone waits for them. */
  readonly report: (report: Report) => void;
};

/** All endpoints of one worker and the way of a packet through them. Knows no threads and no timers of its own: it is
 * given commands, packets and the time. */
export class MediaSwitch {
  readonly #options: SwitchOptions;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #slots: Slots;
  readonly #maker: Maker;
  readonly #studio: Studio;
  readonly #reporter: Reporter;
  readonly #web: WebEnds;
  readonly #recordings = new Map<number, Recorder>();
  #relayed = 0;
  #nextSweep: number;
  #faults = 0;

  constructor(options: SwitchOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#slots = new Slots(options.setup);
    this.#wire = options.wire({
      packet: (socket, packet, now) => this.#packet(socket, packet, now),
      bound: (slot, error) => {
        const report = this.#slots.bound(slot, error);
        if (report !== undefined) options.report(report);
      },
    });
    const context: WorkerContext = {
      wire: this.#wire,
      clock: options.clock,
      random: options.random,
      report: options.report,
      reached: (endpoint, now) => this.#reporter.start(endpoint, now),
    };
    this.#maker = new Maker(context);
    this.#studio = this.#maker.studio;
    this.#reporter = new Reporter(context);
    this.#web = new WebEnds(context, options.setup);
    this.#nextSweep = this.#clock.monotonic() + SWEEP_MS;
  }

  get kind(): string {
    return this.#wire.kind;
  }

  /** Carries out one command. A fault in it is reported and hurts nothing else. */
  command(command: Command): void {
    if (command.do === 'crash') throw new Error('crashed on command');
    try {
      this.#run(command);
    } catch (fault) {
      this.#options.report({ say: 'fault', what: command.do, error: messageOf(fault) });
    }
  }

  /** Does what is due and says when to come again: a monotonic time. */
  tick(now: number): number {
    this.#maker.tick(now);
    if (now >= this.#nextSweep) {
      this.#nextSweep = now + SWEEP_MS;
      this.#sweep(now);
    }
    return Math.min(this.#nextSweep, this.#maker.due);
  }

  close(): void {
    for (const endpoint of this.#endpoints.values()) {
      this.#reporter.goodbye(endpoint);
      this.#studio.release(endpoint);
      this.#web.release(endpoint);
    }
    this.#web.close();
    this.#endpoints.clear();
    this.#recordings.clear();
    this.#wire.close();
  }

  // oxlint-disable-next-line complexity -- a plain list of commands
  #run(command: Command): void {
    switch (command.do) {
      case 'bind':
        for (const port of command.ports) this.#wire.bind(this.#slots.claim(port), port);
        return;
      case 'rest':
        return this.#slots.restUnused(this.#slots.slotOf(command.port), this.#clock.monotonic());
      case 'open':
        return this.#open(command);
      case 'bridge':
        return this.#bridge(this.#endpoints.get(command.a), this.#endpoints.get(command.b));
      case 'record':
        return this.#record(command);
      case 'pauseRecord': {
        const recorder = this.#recordings.get(command.recording);
        const now = this.#clock.monotonic();
        return command.pause === 'no' ? recorder?.resume(now) : recorder?.pause(now, command.pause === 'silence');
      }
      case 'recordRight':
        return this.#recordRight(this.#recordings.get(command.recording), this.#endpoints.get(command.right));
      case 'stopRecord':
        this.#finishRecording(command.recording, this.#clock.monotonic());
        return this.#options.report({ say: 'answer', ask: command.ask, value: undefined });
      case 'stats': {
        const value = { endpoints: this.#endpoints.size, relayed: this.#relayed, resting: this.#slots.resting };
        return this.#options.report({ say: 'answer', ask: command.ask, value });
      }
      case 'close':
      case 'crash':
        return;
      default:
        this.#runOn(command, this.#endpoints.get(command.id));
    }
  }

  /** Nothing but that it is done; where nobody asked, nothing. */
  #answer(ask: number | undefined): void {
    if (ask !== undefined) this.#options.report({ say: 'answer', ask, value: undefined });
  }

  #runOn(command: Extract<Command, { id: number }>, endpoint: Endpoint | undefined): void {
    if (endpoint === undefined) {
      if ('ask' in command) this.#answer(command.ask);
      return;
    }
    switch (command.do) {
      case 'open':
        return;
      case 'configure':
        this.#configure(endpoint, command.settings);
        return this.#answer(command.ask);
      case 'unbridge':
        return this.#unbridge(endpoint);
      case 'play':
        return this.#play(endpoint, command);
      case 'stopPlay': {
        const value = endpoint.player?.player.progress;
        endpoint.player = undefined;
        this.#studio.refresh(endpoint);
        return this.#options.report({ say: 'answer', ask: command.ask, value });
      }
      case 'digits':
        return this.#sendDigits(endpoint, command.digits, command.durationMs);
      case 'mute':
        endpoint.muted = command.muted;
        return endpoint.peer?.outgoing.cut();
      case 'quality': {
        const value = command.bySecond ? endpoint.qualityBySecond() : endpoint.quality();
        return this.#options.report({ say: 'answer', ask: command.ask, value });
      }
      case 'release':
        return this.#release(endpoint, command);
      default:
        return this.#studio.command(command, endpoint);
    }
  }

  #open(command: Extract<Command, { do: 'open' }>): void {
    const random = this.#options.random;
    const slot = this.#slots.slotOf(command.port);
    // Random first values: RFC 3550 §5.1.
    const outgoing = new Outgoing(command.ssrc, random.integer(32768), random.integer(0x7fffffff));
    const endpoint: Endpoint = new Endpoint(command.id, slot, command.port, outgoing, (digit, durationMs) => {
      this.#digit(endpoint, digit, durationMs);
    });
    this.#endpoints.set(command.id, endpoint);
    this.#slots.occupy(slot, endpoint);
  }

  #configure(endpoint: Endpoint, settings: NonNullable<Endpoint['settings']>): void {
    const now = this.#clock.monotonic();
    const { codecs: before, settings: old } = endpoint;
    this.#web.configure(endpoint, settings, now);
    endpoint.configure(this.#screen(settings), (address) => this.#wire.host(address), now);
    this.#reporter.start(endpoint, now);
    if (endpoint.codecs !== before || old?.ptime !== settings.ptime) this.#studio.retune(endpoint);
    const { peer } = endpoint;
    if (peer !== undefined) this.#bridge(endpoint, peer);
    else this.#studio.refresh(endpoint);
  }

  /** The signalling's address may be learned only where NAT can have hidden the right one. */
  #screen(settings: NonNullable<Endpoint['settings']>): NonNullable<Endpoint['settings']> {
    const { remote } = settings;
    if (remote?.signalledFrom === undefined || isPrivateAddress(remote.address)) return settings;
    const { signalledFrom: _, ...rest } = remote;
    return { ...settings, remote: rest };
  }

  #bridge(a: Endpoint | undefined, b: Endpoint | undefined): void {
    if (a?.settings === undefined || b?.settings === undefined) return;
    if (a.peer !== b) this.#unbridge(a);
    if (b.peer !== a) this.#unbridge(b);
    a.peer = b;
    b.peer = a;
    a.route = a.codecs.routeTo(b.codecs);
    b.route = b.codecs.routeTo(a.codecs);
    a.transcoded = b.route.transcodes;
    b.transcoded = a.route.transcodes;
    this.#studio.refresh(a);
  }

  #unbridge(endpoint: Endpoint): void {
    const { peer } = endpoint;
    if (peer === undefined) return;
    for (const end of [endpoint, peer]) {
      end.peer = undefined;
      end.route = undefined;
      end.transcoded = false;
      end.outgoing.cut();
    }
    this.#studio.refresh(endpoint);
    this.#studio.refresh(peer);
  }

  #play(endpoint: Endpoint, command: Extract<Command, { do: 'play' }>): void {
    const { play, limitMs, from, meanwhile } = command;
    let samples: Samples;
    let filler: SoundPlay | undefined;
    try {
      samples = soundSamples(command.sound as SoundData);
      if (meanwhile !== undefined) filler = new SoundPlay(new Player('', soundSamples(meanwhile), Infinity, Infinity));
    } catch (fault) {
      const progress = { samples: 0, position: 0 };
      return this.#options.report({ say: 'played', id: endpoint.id, play, error: messageOf(fault), progress });
    }
    const { rounds, ms } = lengthOf(command.sound, command.loop);
    const player = new Player(play, samples, rounds, Math.min(limitMs ?? Infinity, ms), from);
    endpoint.player = new SoundPlay(player, filler);
    this.#studio.refresh(endpoint);
    this.#maker.add(endpoint);
  }

  #sendDigits(endpoint: Endpoint, digits: string, durationMs: number): void {
    if (!areDigits(digits)) return;
    const ms = Math.min(5000, Math.max(40, durationMs));
    if (endpoint.keys !== undefined) endpoint.keys.add(digits);
    else if (endpoint.codecs.eventType >= 0) endpoint.keys = new DigitSender(digits, ms, endpoint.codecs.eventRate);
    else {
      endpoint.keySound = new SoundPlay(new Player('', constant(digitSamples(digits, ms)), 1, Infinity));
      this.#studio.refresh(endpoint);
    }
    this.#maker.add(endpoint);
  }

  #digit(endpoint: Endpoint, digit: string, durationMs: number): void {
    this.#options.report({ say: 'digit', id: endpoint.id, digit, durationMs });
    const { peer, route, strip } = endpoint;
    if (strip?.holdsDigits === true) return;
    if (peer === undefined || peer.codecs.eventType >= 0 || route === undefined) return;
    this.#sendDigits(peer, digit, durationMs);
  }

  #release(endpoint: Endpoint, { ask, silently }: Extract<Command, { do: 'release' }>): void {
    const value = endpoint.qualityBySecond();
    this.#unbridge(endpoint);
    this.#unlisten(endpoint);
    if (!silently) this.#reporter.goodbye(endpoint);
    this.#web.release(endpoint, silently);
    this.#studio.release(endpoint);
    this.#maker.remove(endpoint);
    this.#endpoints.delete(endpoint.id);
    this.#slots.rest(endpoint, this.#clock.monotonic());
    this.#options.report({ say: 'answer', ask, value });
  }

  #record(command: Extract<Command, { do: 'record' }>): void {
    const recorder = new Recorder(this.#clock.monotonic(), command.maxSeconds);
    this.#recordings.set(command.recording, recorder);
    const left = this.#endpoints.get(command.left);
    const right = this.#endpoints.get(command.right);
    if (left !== undefined) this.#listenTo(left, recorder, 0);
    if (right !== undefined) this.#listenTo(right, recorder, 1);
    if (recorder.ears === 0) this.#finishRecording(command.recording, this.#clock.monotonic());
  }

  #recordRight(recorder: Recorder | undefined, right: Endpoint | undefined): void {
    if (recorder !== undefined && right !== undefined) this.#listenTo(right, recorder, 1);
  }

  #listenTo(endpoint: Endpoint, recorder: Recorder, channel: number): void {
    this.#unlisten(endpoint);
    endpoint.tap = { recorder, channel };
    recorder.ears++;
    this.#studio.refresh(endpoint);
  }

  /** A recording nobody speaks into any more is over. */
  #unlisten(endpoint: Endpoint): void {
    const recorder = endpoint.tap?.recorder;
    endpoint.tap = undefined;
    if (recorder === undefined || --recorder.ears > 0) return;
    for (const [id, each] of this.#recordings)
      if (each === recorder) this.#finishRecording(id, this.#clock.monotonic());
  }

  #finishRecording(id: number, now: number): void {
    const recorder = this.#recordings.get(id);
    if (recorder === undefined) return;
    this.#recordings.delete(id);
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.tap?.recorder !== recorder) continue;
      endpoint.tap = undefined;
      this.#studio.refresh(endpoint);
    }
    const samples = recorder.take(now, true) ?? new Int16Array(0);
    this.#options.report({ say: 'sound', recording: id, samples, last: true });
  }

  #sweep(now: number): void {
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.digits.open) endpoint.digits.tick(now);
      if (endpoint.web !== undefined) this.#web.tick(endpoint, endpoint.web, now);
      this.#reporter.tick(endpoint, now);
      this.#listen(endpoint, now);
      endpoint.watchQuality(now, this.#clock.now());
      this.#maker.rest(endpoint, now);
      endpoint.heard?.codec.expectLoss?.(endpoint.farLostPercent ?? 0);
    }
    for (const [id, recorder] of this.#recordings) {
      const samples = recorder.take(now, false);
      if (samples !== undefined) this.#options.report({ say: 'sound', recording: id, samples, last: false });
      if (recorder.full) this.#finishRecording(id, now);
    }
    for (const report of this.#slots.sweep(now)) this.#options.report(report);
  }

  /** Tells when nothing comes although something should, again after each further while of it. */
  #listen(endpoint: Endpoint, now: number): void {
    const { silentMs } = this.#options.setup;
    if (!endpoint.mayReceive || endpoint.latch.far === undefined) return;
    const silence = now - Math.max(endpoint.reception.lastAt, endpoint.dueSince);
    if (silence < silentMs * (endpoint.silences + 1)) return;
    endpoint.silences++;
    this.#options.report({ say: 'silent', id: endpoint.id, silentMs: Math.round(silence) });
  }

  #packet(socket: number, packet: Packet, now: number): void {
    const endpoint = this.#slots.owner(socket >> 1, now);
    if (endpoint === undefined) return;
    try {
      if (endpoint.web !== undefined) this.#fromWeb(endpoint, endpoint.web, packet, now);
      else if ((socket & 1) === 0 && !(endpoint.rtcpMux && isReport(packet))) this.#rtp(endpoint, packet, now);
      else if (!this.#reporter.take(endpoint, packet, now)) endpoint.refused++;
    } catch (fault) {
      // Never for a known input; told, but a flood of them must not become a flood of lines.
      if (this.#faults++ < 20) this.#options.report({ say: 'fault', what: 'packet', error: messageOf(fault) });
    }
  }

  /** One port carries everything. */
  // oxlint-disable-next-line max-params -- this runs for every packet
  #fromWeb(endpoint: Endpoint, link: WebLink, packet: Packet, now: number): void {
    const kind = this.#web.take(endpoint, link, packet, now);
    if (kind === RTP) this.#rtp(endpoint, packet, now);
    else if (kind === REFUSED || (kind === RTCP && !this.#reporter.take(endpoint, packet, now))) endpoint.refused++;
  }

  #rtp(endpoint: Endpoint, packet: Packet, now: number): void {
    const { bytes, at } = packet;
    const offset = payloadOffset(bytes, at, packet.length);
    const type = offset < 0 ? 0 : bytes[at + 1]! & 0x7f;
    const kind = offset < 0 ? NOT_NEGOTIATED : endpoint.codecs.kinds[type]!;
    const sequence = readU16(bytes, at + 2);
    const ssrc = readU32(bytes, at + 8);
    // Nothing is learned from a packet, and no place is latched to, before its tag is right (attack E2).
    if (
      kind === NOT_NEGOTIATED ||
      !this.#opens(endpoint, packet, offset, now) ||
      !endpoint.latch.takes(packet.host, packet.port, ssrc, sequence, now)
    ) {
      endpoint.refused++;
      return;
    }
    const { reception } = endpoint;
    const rate = endpoint.codecs.rates[type]!;
    reception.add(packet, now, kind === AUDIO ? rate : 0);
    if (reception.packets === 1) this.#options.report({ say: 'flowing', id: endpoint.id, at: this.#clock.now() });
    endpoint.came(kind === AUDIO, bytes[at + offset]!);
    if (endpoint.muted || !endpoint.mayReceive) return;
    const { said } = endpoint;
    if (said !== undefined) this.#studio.take(endpoint, packet, offset, kind, now);
    if (kind === EVENT) {
      endpoint.digits.rate = rate;
      endpoint.digits.packet(bytes, at + offset, packet.length - offset, readU32(bytes, at + 4), now);
      if (endpoint.strip?.holdsDigits === true) return endpoint.peer?.outgoing.leaveOut(packet);
    } else if (endpoint.tap !== undefined) this.#tap(endpoint, packet, offset, now);
    const made = endpoint.peer?.heard !== undefined;
    if (!made || this.#studio.pass(endpoint, packet, offset, kind, now)) this.#relay(endpoint, packet, offset, now);
  }

  /** Takes SRTP off, where there is any. What a stranger sends is not worth the work of looking at its tag. */
  #opens(endpoint: Endpoint, packet: Packet, offset: number, now: number): boolean {
    const { srtp, latch } = endpoint;
    if (srtp === undefined) return true;
    if (latch.refuses(packet.host, packet.port, now)) return false;
    return endpoint.passed(srtp.open(packet, offset, now));
  }

  /** The hot path: in, header rewritten in place, out. */
  #relay(endpoint: Endpoint, packet: Packet, offset: number, now: number): void {
    const { peer, route } = endpoint;
    if (peer === undefined || route === undefined || !peer.maySend || peer.making) return;
    const { far } = peer.latch;
    const type = packet.bytes[packet.at + 1]! & 0x7f;
    const action = route.actions[type]!;
    if (far === undefined || action === DROP || action === SOUND) return;
    if (action === STUDIO) {
      this.#studio.pass(endpoint, packet, offset, AUDIO, now);
      return;
    }
    if (packet.bytes[packet.at] !== PLAIN && !plain(packet, offset)) return;
    if (action === MAP) translate(packet, route.maps[type]!);
    if (!peer.outgoing.relay(packet, now, route.types[type]!, endpoint.codecs.rates[type]!)) return;
    if (peer.srtp !== undefined && !peer.srtp.protect(packet)) return;
    this.#relayed++;
    this.#wire.send(peer.slot * 2, packet, far);
  }

  #tap(endpoint: Endpoint, packet: Packet, offset: number, now: number): void {
    const { bytes, at, length } = packet;
    const codec = endpoint.codecs.payloads[bytes[at + 1]! & 0x7f]?.codec;
    const size = payloadLength(bytes, at, length);
    const { tap } = endpoint;
    if (tap === undefined || codec === undefined || !isG711(codec) || size <= 0) return;
    tap.recorder.add(tap.channel, codec, bytes, at + offset, size, readU32(bytes, at + 4), readU32(bytes, at + 8), now);
  }
}

/** Takes extension, contributing sources and padding out: they concern one end only. Moves the header up to the
 * payload. False when the padding makes no sense. */
function plain(packet: Packet, offset: number): boolean {
  const { bytes } = packet;
  const size = payloadLength(bytes, packet.at, packet.length);
  if (size < 0) return false;
  const at = packet.at + offset - 12;
  bytes.copyWithin(at, packet.at, packet.at + 12);
  bytes[at] = PLAIN;
  packet.at = at;
  packet.length = 12 + size;
  return true;
}

function translate(packet: Packet, map: Uint8Array): void {
  const { bytes, at } = packet;
  const end = at + packet.length;
  for (let i = at + 12; i < end; i++) bytes[i] = map[bytes[i]!]!;
}

/** How long a sound goes on: so many rounds of its samples, and at most so long. Silence has no length of its own: it lasts
 * until it is stopped. A tone has that of its cadence, whatever its samples are. */
function lengthOf(sound: SoundData, loop: number): { rounds: number; ms: number } {
  if (sound.kind === 'samples') return { rounds: loop, ms: Infinity };
  return { rounds: Infinity, ms: sound.kind === 'silence' ? Infinity : toneMs(sound) * loop };
}
