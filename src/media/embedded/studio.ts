import type { StudioCommand } from './protocol.ts';
import { messageOf } from '../../base/index.ts';
import type { DetectOptions } from '../../ports/index.ts';
import { AmdDetector } from '../detect/amd-detector.ts';
import { LevelMeter } from '../detect/level-meter.ts';
import { KeyHearer } from '../dtmf/hearer.ts';
import { payloadLength, readU16, readU32, writeU16 } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { Feed } from '../studio/feed.ts';
import type { Arrival } from '../studio/jitter-buffer.ts';
import { isQuiet, Said } from '../studio/said.ts';
import { SoundPlay } from '../studio/sound.ts';
import { type DetectingEar, Strip } from '../studio/strip.ts';
import { Tap } from '../studio/tap.ts';
import { factorOf } from '../studio/track.ts';
import { AUDIO, EVENT } from './codecs.ts';
import type { Endpoint } from './endpoint.ts';
import { Heard } from './heard.ts';
import type { Maker, WorkerContext } from './maker.ts';
import { Player } from './player.ts';
import { heardRate, saidRate } from './rates.ts';
import { STUDIO } from './route.ts';
import { soundSamples } from './sounds.ts';

/** The relay is gone back to in a pause, if one comes within so many frames. */
const LINGER = 50;
/** The other party counts as talking if its last packet is not older, ms. */
const TALKING_MS = 100;
/** Frames that the first one waits at most. */
const MOST_WAIT = 20;
/** A tone that ends this soon after a telephone-event is the same key, ms. */
const SAME_KEY_MS = 500;
const MARKER = 0x80;
/** What is made outside of the studio has packets of this length. */
const FRAME_MS = 20;

/** Moves the two halves of an endpoint into the studio and out again, and does their work on the beat. What its far end
 * says is decoded while someone listens (`said`); what it hears is made here while something has to be done to it
 * (`heard`). An endpoint with neither is on the relay path, untouched. */
export class Studio {
  readonly #context: WorkerContext;
  readonly #maker: Maker;
  readonly #arrival: Arrival = {
    bytes: new Uint8Array(0),
    at: 0,
    length: 0,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    type: 0,
    clockRate: 8000,
  };

  constructor(context: WorkerContext, maker: Maker) {
    this.#context = context;
    this.#maker = maker;
  }

  command(command: StudioCommand, endpoint: Endpoint): void {
    endpoint.strip ??= new Strip();
    this.#obey(command, endpoint, endpoint.strip);
    this.refresh(endpoint);
  }

  /** Something changed that decides which halves are needed: a wish, a bridge, a sound, the codecs. */
  refresh(endpoint: Endpoint): void {
    const { peer } = endpoint;
    this.#heard(endpoint);
    if (peer !== undefined) this.#heard(peer);
    this.#said(endpoint);
    if (peer !== undefined) this.#said(peer);
  }

  /** Other codecs were negotiated: both halves begin anew in them. */
  retune(endpoint: Endpoint): void {
    this.#dropSaid(endpoint);
    const { heard } = endpoint;
    if (heard?.fits(endpoint.codecs.sender, endpoint.settings?.ptime ?? FRAME_MS) === false) this.#dropHeard(endpoint);
  }

  release(endpoint: Endpoint): void {
    this.#dropSaid(endpoint);
    this.#dropHeard(endpoint);
    endpoint.strip?.close();
    endpoint.strip = undefined;
  }

  /** Does this endpoint need the beat? */
  needsBeat(endpoint: Endpoint): boolean {
    const { said, heard, strip } = endpoint;
    return said !== undefined || heard !== undefined || (strip !== undefined && strip.tapsOfHeard > 0);
  }

  /** A packet for the `said` half. */
  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for a packet
  take(endpoint: Endpoint, packet: Packet, offset: number, kind: number, now: number): void {
    const { said } = endpoint;
    if (said === undefined) return;
    const arrival = this.#arrival;
    const { bytes, at } = packet;
    arrival.bytes = bytes;
    arrival.at = at + offset;
    arrival.length = Math.max(0, payloadLength(bytes, at, packet.length));
    arrival.sequence = readU16(bytes, at + 2);
    arrival.timestamp = readU32(bytes, at + 4);
    arrival.ssrc = readU32(bytes, at + 8);
    arrival.type = bytes[at + 1]! & 0x7f;
    arrival.clockRate = endpoint.codecs.rates[arrival.type]!;
    if (kind === AUDIO && arrival.length > 0) said.buffer.sound(arrival, now);
    else if (kind === EVENT || arrival.length === 0) said.buffer.nothing(arrival, now);
    else said.buffer.noise(arrival, now);
  }

  /** A packet to one whose sound is made here, or should be. True when it is to be relayed after all. */
  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for a packet
  pass(from: Endpoint, packet: Packet, offset: number, kind: number, now: number): boolean {
    const { peer, route } = from;
    if (peer === undefined || route === undefined) return false;
    if (kind === EVENT) this.#passKey(from, packet, offset, now);
    if (kind !== AUDIO) return false;
    const needed = route.actions[packet.bytes[packet.at + 1]! & 0x7f] === STUDIO;
    if (needed === peer.transcoded) return false;
    peer.transcoded = needed;
    const heardAlready = from.said !== undefined;
    this.refresh(peer);
    if (!heardAlready) this.take(from, packet, offset, kind, now);
    return !needed && peer.heard === undefined;
  }

  /** One beat of an endpoint: `sends` unless keys take this frame. */
  beat(endpoint: Endpoint, sends: boolean, now: number): void {
    const { heard, strip } = endpoint;
    if (heard !== undefined) {
      if (sends) this.#hears(endpoint, heard, now);
      else heard.hush();
    }
    const { said, tap } = endpoint;
    said?.pull(this.#maker.cycle, now);
    // G.711 is put in its place packet by packet, with or without the studio.
    if (said !== undefined && tap !== undefined && said.transformed)
      tap.recorder.frame(tap.channel, said.frames.at(8000), now);
    if (strip === undefined) return;
    if (strip.ears.size > 0 && said !== undefined) {
      const frame = said.frames.at(8000);
      for (const ear of strip.ears) ear.hear(frame);
    }
    if (strip.taps.size > 0) this.#tap(endpoint, strip, now);
  }

  // oxlint-disable-next-line complexity -- a plain list of commands
  #obey(command: StudioCommand, endpoint: Endpoint, strip: Strip): void {
    switch (command.do) {
      case 'gain':
        return strip.setGain(command.db);
      case 'track':
        return this.#playOnTrack(command, endpoint, strip);
      case 'removeTrack':
        return strip.remove(command.track);
      case 'tap':
        return strip.openTap(command.tap, new Tap(command.ring, command.source));
      case 'closeTap':
        return strip.closeTap(command.tap);
      case 'feed':
        strip.feeds.set(command.feed, new Feed(command.ring, command.mode));
        return;
      case 'closeFeed':
        strip.feeds.delete(command.feed);
        return;
      case 'holdDigits':
        strip.holdsDigits = command.on;
        return;
      case 'hearTones':
        return this.#hearTones(endpoint, strip, command.on);
      case 'meter':
        return strip.hearLevel(command.on ? this.#levelMeter(endpoint) : undefined);
      case 'knowMachine':
        return strip.detecting?.knowMachine();
      case 'detect':
        return this.#detect(endpoint, strip, command.options);
    }
  }

  /** Keys as tones. A far end may send a key both ways: then the event has been told. */
  #hearTones(endpoint: Endpoint, strip: Strip, on: boolean): void {
    if (on === (strip.keys !== undefined)) return;
    if (!on) return strip.hearKeys(undefined);
    const { clock, report } = this.#context;
    const told = (digit: string, durationMs: number): void => {
      if (clock.monotonic() - endpoint.digits.toldAt < SAME_KEY_MS) return;
      report({ say: 'digit', id: endpoint.id, digit, durationMs });
    };
    strip.hearKeys(new KeyHearer(told));
  }

  #levelMeter(endpoint: Endpoint): LevelMeter {
    return new LevelMeter((db) => this.#context.report({ say: 'level', id: endpoint.id, db }));
  }

  /** Who answered. The last finding ends it. */
  #detect(endpoint: Endpoint, strip: Strip, options: DetectOptions | undefined): void {
    if (strip.detecting !== undefined) strip.ears.delete(strip.detecting);
    strip.detecting = undefined;
    if (options === undefined) return;
    const detector = new AmdDetector(options, (detection) => {
      this.#context.report({ say: 'detected', id: endpoint.id, detection });
    });
    const ear: DetectingEar = {
      hear: (frame) => {
        detector.push(frame);
        if (!detector.over) return;
        this.#detect(endpoint, strip, undefined);
        this.refresh(endpoint);
      },
      knowMachine: () => detector.knowMachine(),
    };
    strip.detecting = ear;
    strip.ears.add(ear);
  }

  #playOnTrack(command: Extract<StudioCommand, { do: 'track' }>, endpoint: Endpoint, strip: Strip): void {
    const { track, play } = command;
    if (play === undefined) return strip.play(track, undefined);
    try {
      const rounds = play.sound.kind === 'silence' ? Infinity : play.loop;
      const player = new Player(track, soundSamples(play.sound), rounds, Infinity);
      strip.play(track, new SoundPlay(player), factorOf(play.gainDb));
    } catch (fault) {
      strip.play(track, undefined);
      this.#context.report({ say: 'trackPlayed', id: endpoint.id, track, error: messageOf(fault) });
    }
  }

  #heard(endpoint: Endpoint): void {
    const { heard } = endpoint;
    if (!needsHeard(endpoint)) {
      if (heard === undefined) return;
      // With the other party gone there is nothing to go on without a gap.
      if (endpoint.peer === undefined || heard.fresh) this.#dropHeard(endpoint);
      else if (heard.leaving === 0) heard.leaving = 1;
      return;
    }
    if (heard !== undefined) {
      heard.leaving = 0;
      return heard.raise(heardRate(endpoint));
    }
    const { codecs, peer, settings } = endpoint;
    const skip = peer?.said?.waitingFrames ?? 0;
    endpoint.heard = Heard.for(codecs.sender!, heardRate(endpoint), settings?.ptime ?? 20, skip);
    if (endpoint.heard === undefined) return;
    // What we made so far goes on at its own timeline.
    if (endpoint.madeAt >= 0) endpoint.heard.fresh = false;
    this.#maker.add(endpoint);
  }

  #said(endpoint: Endpoint): void {
    if (!needsSaid(endpoint)) return this.#dropSaid(endpoint);
    if (endpoint.said === undefined) {
      const jitter = endpoint.reception.jitterMs ?? 0;
      endpoint.said = new Said(endpoint.codecs.payloads, endpoint.settings?.ptime ?? 20, jitter, endpoint.id);
    }
    endpoint.said.raise(saidRate(endpoint));
    this.#maker.add(endpoint);
  }

  #dropSaid(endpoint: Endpoint): void {
    endpoint.said?.close();
    endpoint.said = undefined;
  }

  #dropHeard(endpoint: Endpoint): void {
    if (endpoint.heard === undefined) return;
    this.#maker.sendRest(endpoint, endpoint.heard);
    endpoint.heard.codec.close();
    endpoint.heard = undefined;
    if (endpoint.player === undefined && endpoint.keySound === undefined) endpoint.madeAt = -1;
  }

  /** Makes and sends what is heard. */
  #hears(endpoint: Endpoint, heard: Heard, now: number): void {
    const main = this.#main(endpoint, heard, now);
    if (heard.fresh && this.#waits(endpoint, heard, now)) return heard.hush();
    heard.fresh = false;
    heard.mix.make(main, endpoint.strip, (track) => {
      this.#context.report({ say: 'trackPlayed', id: endpoint.id, track, error: undefined });
      this.refresh(endpoint);
    });
    this.#maker.sendFrame(endpoint, heard, now);
    this.#ends(endpoint, 'keySound');
    this.#ends(endpoint, 'player');
    if (heard.leaving > 0) this.#leave(endpoint, heard);
  }

  /** Tells of a sound whose last frame is out. */
  #ends(endpoint: Endpoint, which: 'keySound' | 'player'): void {
    const play = endpoint[which];
    if (play?.over === true) this.#maker.over(endpoint, which, play.player.fault);
  }

  /** Before the first frame: the other party's sound comes after its jitter buffer, and what has been relayed does not
   * come again. */
  #waits(endpoint: Endpoint, heard: Heard, now: number): boolean {
    const { peer } = endpoint;
    if (endpoint.making || peer?.said === undefined) return false;
    if (heard.waited++ >= MOST_WAIT || peer.muted) return false;
    if (heard.skip > 0) return heard.skip-- > 0;
    return !peer.said.playing && now - peer.reception.lastAt < TALKING_MS;
  }

  #main(endpoint: Endpoint, heard: Heard, now: number): Int16Array | undefined {
    const { rate } = heard.mix;
    const { peer, keySound, player } = endpoint;
    if (keySound !== undefined || player !== undefined) {
      const which = keySound === undefined ? 'player' : 'keySound';
      return endpoint[which]!.next(rate);
    }
    if (peer?.said === undefined) return undefined;
    peer.said.pull(this.#maker.cycle, now);
    return holdsTone(peer) ? undefined : peer.said.frames.at(rate);
  }

  #leave(endpoint: Endpoint, heard: Heard): void {
    if (heard.leaving++ < LINGER && !isQuiet(heard.mix.frames.samples)) return;
    this.#dropHeard(endpoint);
    this.refresh(endpoint);
  }

  #tap(endpoint: Endpoint, strip: Strip, now: number): void {
    const { said, heard, peer } = endpoint;
    let heardFrames = heard?.mix.frames;
    if (heardFrames === undefined && endpoint.maySend && peer?.said !== undefined && !endpoint.making) {
      peer.said.pull(this.#maker.cycle, now);
      heardFrames = peer.said.frames;
    }
    for (const tap of strip.taps.values()) {
      const left = tap.hearsSaid ? said?.frames.at(tap.rate) : undefined;
      tap.write(left, tap.hearsHeard ? heardFrames?.at(tap.rate) : undefined);
    }
  }

  /** A key of the other party: the same event on the timeline of what is made here. */
  #passKey(from: Endpoint, packet: Packet, offset: number, now: number): void {
    const to = from.peer!;
    const { heard, codecs } = to;
    if (heard === undefined || codecs.eventType < 0 || to.keys !== undefined || packet.length - offset < 4) return;
    const timestamp = readU32(packet.bytes, packet.at + 4);
    const starts = timestamp !== heard.keySource;
    if (starts) {
      heard.keySource = timestamp;
      heard.keyAt = to.madeAt < 0 ? to.outgoing.timestamp : to.madeAt;
    }
    const key = packet.at + offset;
    const there = from.codecs.rates[packet.bytes[packet.at + 1]! & 0x7f]!;
    const duration = Math.round((readU16(packet.bytes, key + 2) * codecs.eventRate) / there);
    writeU16(packet.bytes, key + 2, Math.min(0xffff, duration));
    this.#maker.sendKey(to, packet, offset, { type: codecs.eventType | (starts ? MARKER : 0), at: heard.keyAt, now });
  }
}

/** A key that is heard and must not be passed. */
function holdsTone({ strip }: Endpoint): boolean {
  return strip !== undefined && strip.holdsDigits && strip.keys?.sounding === true;
}

function needsHeard(endpoint: Endpoint): boolean {
  const { codecs, strip, peer, settings } = endpoint;
  if (settings === undefined || codecs.sender === undefined) return false;
  const makes = endpoint.player !== undefined || endpoint.keySound !== undefined;
  if (makes && (codecs.voice === undefined || settings.ptime !== FRAME_MS)) return true;
  if (peer !== undefined) {
    if (endpoint.transcoded) return true;
    if (peer.strip?.holdsDigits === true && peer.strip.keys !== undefined) return true;
  }
  if (strip === undefined) return false;
  if (strip.sounding > 0 || strip.feeds.size > 0) return true;
  if (strip.gain !== 1 && (peer !== undefined || makes)) return true;
  return makes && strip.tapsOfHeard > 0;
}

function needsSaid(endpoint: Endpoint): boolean {
  const { strip, peer, settings } = endpoint;
  if (settings === undefined) return false;
  if (endpoint.tap !== undefined && endpoint.codecs.wide) return true;
  if (strip !== undefined && (strip.tapsOfSaid > 0 || strip.ears.size > 0)) return true;
  if (peer === undefined) return false;
  return peer.heard !== undefined || (peer.strip !== undefined && peer.strip.tapsOfHeard > 0);
}
