import { isIP } from 'node:net';
import { type Clock, Emitter, GraineError, type Log } from '../../base/index.ts';
import type {
  DetectOptions,
  FeedOptions,
  MediaEngine,
  OpenOptions,
  PlayOptions,
  PlayProgress,
  Quality,
  StreamSettings,
  StudioEngine,
  TapOptions,
  TrackPlay,
} from '../../ports/index.ts';
import { checkSettings } from '../embedded/check.ts';
import * as mediaFault from '../embedded/faults.ts';
import { type Anchored, type AnchoredSession, farTag, nameOfTag, nothingCarried, type Pair } from './anchors.ts';
import type { HeardDigit } from './digit-link.ts';
import { withCarried } from './figures.ts';
import type { Member } from './member.ts';
import { SilenceWatch } from './silence.ts';
import { Switchboard } from './switchboard.ts';

/** The engine in worker threads of this process: everything but the plain relay is done there. */
export type Workers = MediaEngine & StudioEngine;

export type RtpengineOptions = {
  readonly members: readonly Member[];
  readonly workers: Workers;
  readonly clock: Clock;
  readonly log: Log;
  /** Silence that is told, ms. */
  readonly silentMs: number;
};

/** Far ends talk to rtpengine. It passes their audio to a worker here or, where two only talk to each other, from one to
 * the other without one. Docs: docs/decisions/0016-rtpengine.md. */
export class RtpengineEngine implements MediaEngine, StudioEngine {
  readonly events: MediaEngine['events'] = new Emitter();
  readonly studioEvents: StudioEngine['studioEvents'];
  readonly #options: RtpengineOptions;
  readonly #workers: Workers;
  readonly #board: Switchboard;
  readonly #silence: SilenceWatch;
  readonly #endpoints = new Map<string, Anchored>();
  /** Which endpoints a session's recording listens to. */
  readonly #recordings = new Map<string, Set<string>>();

  constructor(options: RtpengineOptions) {
    this.#options = options;
    const { members, workers, clock, log } = options;
    this.#workers = workers;
    this.studioEvents = workers.studioEvents;
    this.#board = new Switchboard({
      members,
      clock,
      log,
      configure: (endpoint, settings) => workers.configure(endpoint, settings),
      moved: ({ name, front, web }) => this.events.emit('moved', name, { ...front, rtcpPort: front.port + 1, ...web }),
    });
    this.#silence = new SilenceWatch({
      board: this.#board,
      clock,
      silentMs: options.silentMs,
      silent: (endpoint, ms) => this.events.emit('silent', endpoint, ms),
      gone: (endpoint) => this.events.emit('gone', endpoint, 'nothing was heard of it for 30 s'),
    });
    for (const member of members) {
      member.events.on('digit', (heard) => this.#digit(heard));
      member.events.on('digits', () => this.#digitsTold(member));
    }
    this.#follow();
  }

  async open(options: OpenOptions) {
    const { endpoint: name, port } = options;
    const session = await this.#board.session(options.session, port);
    const { port: _kept, ...anew } = options;
    const local = await this.#workers
      .open(session.member === undefined ? options : anew)
      .catch((refused: unknown) => this.#unopened(session, refused));
    const worker = { address: local.address, port: local.port };
    const own = local.fingerprint === undefined ? {} : { fingerprint: local.fingerprint };
    const endpoint: Anchored = {
      name,
      session,
      worker,
      front: worker,
      web: own,
      own,
      ice: options.ice === true,
      offered: 'else',
      back: undefined,
      settings: undefined,
      pair: undefined,
      direct: nothingCarried(),
      work: new Set(),
      heard: false,
      sealing: 'rtpengine',
      shown: undefined,
      line: session.nextLine(),
      found: undefined,
    };
    this.#endpoints.set(name, endpoint);
    session.endpoints.add(endpoint);
    try {
      await this.#board.front(endpoint, port);
    } catch (refused) {
      await this.release(name);
      throw refused;
    }
    const { front, web } = endpoint;
    return { ...local, ...front, rtcpPort: front.port + 1, fingerprint: web.fingerprint, ice: web.ice };
  }

  async introduce(endpoint: string) {
    const anchored = this.#anchored(endpoint);
    await this.#board.introduce(anchored);
    return anchored.web;
  }

  async configure(endpoint: string, settings: StreamSettings): Promise<void> {
    const anchored = this.#anchored(endpoint);
    // What a worker would refuse rtpengine is never shown.
    checkSettings(settings, isIP(anchored.worker.address));
    await this.#board.agreed(anchored, settings);
  }

  async together(a: string, b: string): Promise<boolean> {
    return this.#anchored(a).session === this.#anchored(b).session && (await this.#workers.together(a, b));
  }

  async bridge(a: string, b: string): Promise<{ path: 'relay' | 'studio' }> {
    const [one, two] = [this.#anchored(a), this.#anchored(b)];
    await this.#part(one);
    await this.#part(two);
    await Promise.all([one.session.settled(), two.session.settled()]);
    const bridged = await this.#workers.bridge(a, b);
    if (bridged.path === 'relay') {
      const pair: Pair = { a: one, b: two, state: 'worker', timer: undefined, base: undefined };
      one.pair = pair;
      two.pair = pair;
      if (!this.#board.resume(pair)) this.#board.consider(one);
    }
    await Promise.all([this.#board.settle(one), this.#board.settle(two)]);
    return bridged;
  }

  async unbridge(endpoint: string): Promise<void> {
    await this.#part(this.#anchored(endpoint));
    await this.#workers.unbridge(endpoint);
  }

  async play(endpoint: string, play: string, options: PlayOptions): Promise<void> {
    await this.#needs(endpoint, 'play');
    await this.#workers.play(endpoint, play, options);
  }

  async stopPlay(endpoint: string): Promise<PlayProgress> {
    const progress = await this.#workers.stopPlay(endpoint);
    this.#done(endpoint, 'play');
    return progress;
  }

  async sendDigits(endpoint: string, digits: string, durationMs: number): Promise<void> {
    await this.#needs(endpoint, 'keys');
    await this.#workers.sendDigits(endpoint, digits, durationMs);
  }

  async mute(endpoint: string, muted: boolean): Promise<void> {
    if (muted) await this.#needs(endpoint, 'mute');
    await this.#workers.mute(endpoint, muted);
    if (!muted) this.#done(endpoint, 'mute');
  }

  async startRecording(
    session: string,
    options: { path: string; left: string; right: string | undefined; maxSeconds: number },
  ): Promise<void> {
    const { left, right } = options;
    const names = new Set(right === undefined ? [left] : [left, right]);
    for (const name of names) await this.#needs(name, 'record');
    await this.#workers.startRecording(session, options);
    this.#recordings.set(session, names);
  }

  pauseRecording(session: string, silence: boolean): Promise<void> {
    return this.#workers.pauseRecording(session, silence);
  }

  resumeRecording(session: string): Promise<void> {
    return this.#workers.resumeRecording(session);
  }

  async recordRight(session: string, endpoint: string): Promise<void> {
    await this.#needs(endpoint, 'record');
    this.#recordings.get(session)?.add(endpoint);
    await this.#workers.recordRight(session, endpoint);
  }

  async stopRecording(session: string): Promise<{ path: string; seconds: number }> {
    const stopped = await this.#workers.stopRecording(session);
    this.#recorded(session);
    return stopped;
  }

  async quality(endpoint: string, bySecond = false): Promise<Quality> {
    const anchored = this.#anchored(endpoint);
    await this.#board.count(anchored);
    return withCarried(await this.#workers.quality(endpoint, bySecond), anchored.direct, anchored.settings);
  }

  async release(endpoint: string): Promise<Quality | undefined> {
    const anchored = this.#endpoints.get(endpoint);
    if (anchored === undefined) return undefined;
    this.#endpoints.delete(endpoint);
    this.#silence.forget(endpoint);
    const { session } = anchored;
    await this.#part(anchored, anchored);
    session.endpoints.delete(anchored);
    if (session.endpoints.size === 0) this.#board.end(session);
    // Whom it was found joined with, and was never bridged with here.
    for (const each of session.endpoints) if (each.found === farTag(endpoint)) void this.#board.settle(each);
    const quality = await this.#workers.release(endpoint);
    return quality === undefined ? undefined : withCarried(quality, anchored.direct, anchored.settings);
  }

  async abandon(endpoint: string): Promise<void> {
    const anchored = this.#endpoints.get(endpoint);
    if (anchored === undefined) return;
    this.#endpoints.delete(endpoint);
    this.#silence.forget(endpoint);
    const { session, pair } = anchored;
    pair?.timer?.cancel();
    if (pair !== undefined) pair.state = 'over';
    session.endpoints.delete(anchored);
    if (session.endpoints.size === 0) this.#board.abandon(session);
    await this.#workers.abandon(endpoint);
  }

  async stats() {
    const stats = await this.#workers.stats();
    const living = this.#options.members.filter((each) => each.up).length;
    return { ...stats, engine: `rtpengine (${living} of ${this.#options.members.length}), ${stats.engine}` };
  }

  async close(): Promise<void> {
    this.#silence.close();
    for (const endpoint of this.#endpoints.keys()) await this.release(endpoint);
    await this.#board.ended();
    for (const member of this.#options.members) member.close();
    await this.#workers.close();
    this.events.clear();
  }

  async setGain(endpoint: string, db: number): Promise<void> {
    if (db !== 0) await this.#needs(endpoint, 'gain');
    await this.#workers.setGain(endpoint, db);
    if (db === 0) this.#done(endpoint, 'gain');
  }

  async addTrack(endpoint: string, track: string): Promise<void> {
    await this.#needs(endpoint, `track ${track}`);
    await this.#workers.addTrack(endpoint, track);
  }

  async playOnTrack(endpoint: string, track: string, play: TrackPlay): Promise<void> {
    await this.#needs(endpoint, `track ${track}`);
    await this.#workers.playOnTrack(endpoint, track, play);
  }

  silenceTrack(endpoint: string, track: string): Promise<void> {
    return this.#workers.silenceTrack(endpoint, track);
  }

  async removeTrack(endpoint: string, track: string): Promise<void> {
    await this.#workers.removeTrack(endpoint, track);
    this.#done(endpoint, `track ${track}`);
  }

  async openTap(endpoint: string, tap: string, options: TapOptions): Promise<SharedArrayBuffer> {
    await this.#needs(endpoint, `tap ${tap}`);
    return this.#workers.openTap(endpoint, tap, options);
  }

  async closeTap(endpoint: string, tap: string): Promise<void> {
    await this.#workers.closeTap(endpoint, tap);
    this.#done(endpoint, `tap ${tap}`);
  }

  async openFeed(endpoint: string, feed: string, options: FeedOptions): Promise<SharedArrayBuffer> {
    await this.#needs(endpoint, `feed ${feed}`);
    return this.#workers.openFeed(endpoint, feed, options);
  }

  async closeFeed(endpoint: string, feed: string): Promise<void> {
    await this.#workers.closeFeed(endpoint, feed);
    this.#done(endpoint, `feed ${feed}`);
  }

  async detectAnswer(endpoint: string, options: DetectOptions): Promise<void> {
    await this.#needs(endpoint, 'detect');
    await this.#workers.detectAnswer(endpoint, options);
  }

  async stopDetecting(endpoint: string): Promise<void> {
    await this.#workers.stopDetecting(endpoint);
    this.#done(endpoint, 'detect');
  }

  knowMachine(endpoint: string): Promise<void> {
    return this.#workers.knowMachine(endpoint);
  }

  async hearTones(endpoint: string, on: boolean): Promise<void> {
    await this.#whileOn(endpoint, 'tones', on, () => this.#workers.hearTones(endpoint, on));
  }

  async meter(endpoint: string, on: boolean): Promise<void> {
    await this.#whileOn(endpoint, 'meter', on, () => this.#workers.meter(endpoint, on));
  }

  async holdDigits(endpoint: string, on: boolean): Promise<void> {
    await this.#whileOn(endpoint, 'digits', on, () => this.#workers.holdDigits(endpoint, on));
  }

  /** Which way the endpoint's audio goes: for tests and for those who look. */
  wayOf(endpoint: string): 'direct' | 'worker' | 'unanchored' {
    const { pair, session } = this.#anchored(endpoint);
    if (session.member === undefined) return 'unanchored';
    return pair?.state === 'direct' ? 'direct' : 'worker';
  }

  async #whileOn(endpoint: string, what: string, on: boolean, work: () => Promise<void>): Promise<void> {
    if (on) await this.#needs(endpoint, what);
    await work();
    if (!on) this.#done(endpoint, what);
  }

  /** From now on its audio passes the worker: resolves when it does. */
  async #needs(endpoint: string, what: string): Promise<void> {
    const anchored = this.#anchored(endpoint);
    const { work, pair, session } = anchored;
    work.add(what);
    await this.#board.toWorker(pair);
    await this.#board.settle(anchored);
    await session.settled();
  }

  #unopened(session: AnchoredSession, refused: unknown): never {
    if (session.endpoints.size === 0) this.#board.end(session);
    throw refused;
  }

  #done(endpoint: string, what: string): void {
    const anchored = this.#endpoints.get(endpoint);
    if (anchored?.work.delete(what) === true) this.#board.consider(anchored);
  }

  #recorded(session: string): void {
    for (const endpoint of this.#recordings.get(session) ?? []) this.#done(endpoint, 'record');
    this.#recordings.delete(session);
  }

  async #part(endpoint: Anchored, leaving?: Anchored): Promise<void> {
    const { pair } = endpoint;
    if (pair === undefined) return;
    await this.#board.toWorker(pair, 'over', leaving);
    for (const each of [pair.a, pair.b]) if (each.pair === pair) each.pair = undefined;
  }

  /** What the workers tell is told on, and shows what their work is over with. */
  #follow(): void {
    const { events } = this.#workers;
    events.on('flowing', (endpoint, at) => {
      const anchored = this.#endpoints.get(endpoint);
      if (anchored === undefined) return;
      anchored.heard = true;
      this.#board.consider(anchored);
      this.events.emit('flowing', endpoint, at);
    });
    events.on('digit', (endpoint, digit, ms) => this.events.emit('digit', endpoint, digit, ms));
    events.on('played', (endpoint, play, error, progress) => {
      this.#done(endpoint, 'play');
      this.events.emit('played', endpoint, play, error, progress);
    });
    events.on('keysSent', (endpoint) => {
      this.#done(endpoint, 'keys');
      this.events.emit('keysSent', endpoint);
    });
    events.on('silent', (endpoint, ms) => {
      if (this.#endpoints.get(endpoint)?.pair?.state !== 'direct') this.events.emit('silent', endpoint, ms);
    });
    events.on('recorded', (session, error) => {
      this.#recorded(session);
      this.events.emit('recorded', session, error);
    });
    events.on('gone', (endpoint, why) => this.events.emit('gone', endpoint, why));
    events.on('reached', (endpoint, reached) => this.events.emit('reached', endpoint, reached));
    events.on('lost', (endpoints, why) => {
      for (const endpoint of endpoints) void this.release(endpoint).catch(() => {});
      this.events.emit('lost', endpoints, why);
    });
  }

  /** While a pair is direct its keys come from here; else the worker hears them itself. */
  #digit({ callId, tag, digit, ms }: HeardDigit): void {
    const endpoint = this.#endpoints.get(nameOfTag(tag) ?? '');
    if (endpoint?.session.id !== callId || endpoint.pair?.state !== 'direct') return;
    this.events.emit('digit', endpoint.name, digit, ms);
  }

  /** What cannot be heard any more must pass the worker again; and the other way round. */
  #digitsTold(member: Member): void {
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.session.member !== member) continue;
      if (member.tellsDigits) this.#board.consider(endpoint);
      else void this.#board.toWorker(endpoint.pair).catch(() => {});
    }
  }

  #anchored(endpoint: string): Anchored {
    const anchored = this.#endpoints.get(endpoint);
    if (anchored === undefined) throw new GraineError(mediaFault.unknownEndpoint, { endpoint });
    return anchored;
  }
}
