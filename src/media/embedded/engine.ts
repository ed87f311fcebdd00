import { isIP } from 'node:net';
import { Emitter, GraineError, type Timer } from '../../base/index.ts';
import type {
  DetectOptions,
  EndpointSnapshot,
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
  WorkerLoad,
} from '../../ports/index.ts';
import { areDigits } from '../dtmf/digits.ts';
import { Clerk } from '../files/clerk.ts';
import { Library } from '../files/library.ts';
import { checkSettings, isRekeyed } from './check.ts';
import { type Entry, tellOf } from './entry.ts';
import * as fault from './faults.ts';
import { LoopGuard } from './loops.ts';
import { freshSsrc } from '../rtp/ssrc.ts';
import { webCertificate } from '../webrtc/available.ts';
import type { Certificate } from '../webrtc/certificate.ts';
import type { EmbeddedOptions } from './options.ts';
import { Placement } from './placement.ts';
import { portPairs, share, shuffle, sum } from './pool.ts';
import type { SoundData, WorkerSetup, WorkerStats } from './protocol.ts';
import { Recordings } from './recordings.ts';
import { bridgePath } from './route.ts';
import { fileRate, LATE_MS, soundData } from './sound-data.ts';
import { StudioBook } from './studio-book.ts';
import { type LinkReport, WorkerLink } from './worker-link.ts';

/** A stop goes out at once when there is little to do, as other commands do. */
const STOP_MS = 0;
const NOTHING: PlayProgress = { samples: 0, position: 0 };
const REST_MS = 30_000;
const REST_UNUSED_MS = 2000;
/** Releases wait this long for those of other calls. */
const RELEASE_MS = 10;
const SILENT_MS = 20_000;
/** A worker that dies younger than this is started again only after a pause. */
const RESTART_PAUSE_MS = 1000;

/** The media engine in worker threads of this process. */
export class EmbeddedEngine implements MediaEngine, StudioEngine {
  readonly events: MediaEngine['events'] = new Emitter();
  readonly #options: EmbeddedOptions;
  readonly #family: number;
  readonly #shares: number[][];
  readonly #links: WorkerLink[] = [];
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<number, string>();
  readonly #placement = new Placement();
  readonly #clerk: Clerk;
  readonly #library: Library;
  readonly #recordings: Recordings;
  readonly #studio: StudioBook;
  readonly #opening = new Set<string>();
  readonly #certificate: Certificate | undefined;
  readonly #loops: LoopGuard;
  readonly #restarts = new Map<number, Timer>();
  #id = 0;
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#family = isIP(options.address);
    const pairs = portPairs(options.ports);
    if (pairs === undefined) throw new GraineError(fault.badRange, { range: options.ports });
    this.#loops = new LoopGuard([options.address, options.publicAddress ?? options.address]);
    const kept = new Set(options.kept);
    const free = pairs.filter((port) => !kept.has(port));
    this.#shares = share(shuffle(free, options.random), options.workers);
    this.#certificate = webCertificate(options);
    this.#library = new Library(options.clock);
    this.#clerk = new Clerk((id, why) => this.#recordings.failed(id, why));
    this.#recordings = new Recordings(this.#clerk, (session, error) => this.events.emit('recorded', session, error));
    this.#studio = new StudioBook((endpoint) => this.#entry(endpoint), this.#library);
    for (let index = 0; index < this.#shares.length; index++) this.#links.push(this.#start(index));
  }

  async started(): Promise<void> {
    const links = [...this.#links];
    await Promise.all(links.map((link) => link.started));
    const dead = links.find((link) => !link.alive);
    if (dead !== undefined) throw new GraineError(fault.workerLost, { why: dead.fault });
    const { wire, why } = links[0]!;
    const fields = {
      wire,
      why,
      workers: this.#links.length,
      address: this.#options.address,
      ports: this.#options.ports,
    };
    this.#options.log.info(fields, 'media engine started');
  }

  async open(options: OpenOptions) {
    const { session, endpoint } = options;
    if (this.#closing !== undefined) throw new GraineError(fault.engineClosed);
    if (this.#entries.has(endpoint) || this.#opening.has(endpoint)) {
      throw new GraineError(fault.duplicateEndpoint, { endpoint });
    }
    const address = options.address ?? this.#options.publicAddress ?? this.#options.address;
    if (options.port !== undefined && (options.portAddress ?? address) !== address)
      throw new GraineError(fault.portTaken, { port: options.port });
    const link = this.#placement.join(session, this.#links);
    this.#opening.add(endpoint);
    try {
      const taken = options.port === undefined ? link.takePort() : link.claimPort(options.port);
      const port = typeof taken === 'number' ? taken : await taken;
      const id = ++this.#id;
      const ssrc = freshSsrc(this.#options.random, options.notSsrcs);
      const unused = { settings: undefined, peer: undefined, play: 0 };
      const entry: Entry = { id, state: 'reserved', session, link, port, ssrc, ...unused };
      this.#entries.set(endpoint, entry);
      this.#loops.add(entry);
      this.#names.set(id, endpoint);
      link.endpoints.set(id, endpoint);
      const { fingerprint } = this.#certificate ?? {};
      return { address, port, rtcpPort: port + 1, ssrc, codecs: link.codecs, fingerprint };
    } catch (refused) {
      this.#placement.leave(session);
      throw refused;
    } finally {
      this.#opening.delete(endpoint);
    }
  }

  async introduce(): Promise<{ fingerprint: string | undefined }> {
    return { fingerprint: this.#certificate?.fingerprint };
  }

  async configure(endpoint: string, settings: StreamSettings): Promise<void> {
    const entry = this.#entry(endpoint);
    checkSettings(settings, this.#family);
    const before = entry.settings;
    entry.settings = settings;
    if (this.#loops.loops(entry)) {
      entry.settings = before;
      throw new GraineError(fault.mediaLoop, { endpoint });
    }
    const { id } = entry;
    if (!isRekeyed(before, settings)) return entry.link.post({ do: 'configure', id, settings });
    // Once it is told that we have its new key the far end uses it. Of a worker that dies the event `lost` tells.
    await entry.link.ask((ask) => ({ do: 'configure', id, settings, ask })).catch(() => {});
  }

  async together(a: string, b: string): Promise<boolean> {
    return this.#entry(a).link === this.#entry(b).link;
  }

  async bridge(a: string, b: string): Promise<{ path: 'relay' | 'studio' }> {
    const first = this.#entry(a);
    const second = this.#entry(b);
    if (first.settings === undefined) throw new GraineError(fault.notConfigured, { endpoint: a });
    if (second.settings === undefined) throw new GraineError(fault.notConfigured, { endpoint: b });
    if (first.link !== second.link) throw new GraineError(fault.differentWorkers, { a, b });
    const path = bridgePath(first.settings, second.settings, first.link.codecs);
    if (path === undefined) throw new GraineError(fault.noCommonCodec, { a, b });
    const before = [first.peer, second.peer];
    first.peer = second;
    second.peer = first;
    if (this.#loops.loops(first) || this.#loops.loops(second)) {
      [first.peer, second.peer] = before;
      throw new GraineError(fault.mediaLoop, { endpoint: a });
    }
    for (const [i, old] of before.entries()) if (old !== undefined && old !== [second, first][i]) old.peer = undefined;
    first.link.post({ do: 'bridge', a: first.id, b: second.id });
    return { path };
  }

  async unbridge(endpoint: string): Promise<void> {
    const entry = this.#entry(endpoint);
    if (entry.peer !== undefined) entry.peer.peer = undefined;
    entry.peer = undefined;
    entry.link.post({ do: 'unbridge', id: entry.id });
  }

  async play(endpoint: string, play: string, options: PlayOptions): Promise<void> {
    const entry = this.#entry(endpoint);
    const turn = ++entry.play;
    const { sound, limitMs, from = 0 } = options;
    const meanwhile = options.meanwhile === undefined ? undefined : soundData(options.meanwhile);
    let data: SoundData;
    if (sound.kind === 'file') {
      const filling = this.#fillIn(entry, play, sound.arriving === undefined ? undefined : meanwhile);
      const loaded = await this.#library.load(sound, fileRate(entry.settings));
      filling?.cancel();
      if (entry.play !== turn || this.#entries.get(endpoint) !== entry) return;
      if ('error' in loaded) {
        if (filling !== undefined) await this.stopPlay(endpoint);
        return this.events.emit('played', endpoint, play, loaded.error, NOTHING);
      }
      data = { kind: 'samples', samples: loaded.sound.memory };
    } else data = soundData(sound);
    const loop = options.loop === 'forever' ? Infinity : options.loop;
    entry.link.post({ do: 'play', id: entry.id, play, sound: data, loop, limitMs, from, meanwhile });
  }

  /** What is heard should the beginning of a file be long in coming. */
  #fillIn(entry: Entry, play: string, sound: SoundData | undefined): Timer | undefined {
    const turn = entry.play;
    if (sound === undefined) return undefined;
    return this.#options.clock.after(LATE_MS, `media play ${play} is late`, () => {
      if (entry.play !== turn || !this.#names.has(entry.id)) return;
      entry.link.post({ do: 'play', id: entry.id, play, sound, loop: Infinity, limitMs: undefined });
    });
  }

  async stopPlay(endpoint: string): Promise<PlayProgress> {
    const entry = this.#entry(endpoint);
    entry.play++;
    const progress = await entry.link.ask((ask) => ({ do: 'stopPlay', id: entry.id, ask }), STOP_MS);
    return (progress as PlayProgress | undefined) ?? NOTHING;
  }

  async sendDigits(endpoint: string, digits: string, durationMs: number): Promise<void> {
    const { link, id } = this.#entry(endpoint);
    if (!areDigits(digits)) throw new GraineError(fault.badDigits, { digits });
    link.post({ do: 'digits', id, digits, durationMs });
  }

  async mute(endpoint: string, muted: boolean): Promise<void> {
    const { link, id } = this.#entry(endpoint);
    link.post({ do: 'mute', id, muted });
  }

  async startRecording(
    session: string,
    options: { path: string; left: string; right: string | undefined; maxSeconds: number },
  ): Promise<void> {
    const left = this.#entry(options.left);
    const right = options.right === undefined ? undefined : this.#entry(options.right);
    const { path, maxSeconds } = options;
    await this.#recordings.start({ session, path, link: left.link }, (recording) => {
      return { do: 'record', recording, left: left.id, right: right?.id ?? 0, maxSeconds };
    });
  }

  async stopRecording(session: string): Promise<{ path: string; seconds: number }> {
    return this.#recordings.stop(session);
  }

  async pauseRecording(session: string, silence: boolean): Promise<void> {
    this.#recordings.pause(session, silence ? 'silence' : 'cut');
  }

  async resumeRecording(session: string): Promise<void> {
    this.#recordings.pause(session, 'no');
  }

  async recordRight(session: string, endpoint: string): Promise<void> {
    this.#recordings.right(session, this.#entry(endpoint).id);
  }

  async quality(endpoint: string, bySecond = false): Promise<Quality> {
    const { link, id } = this.#entry(endpoint);
    const quality = await link.ask((ask) => ({ do: 'quality', id, ask, bySecond }));
    if (quality === undefined) throw new GraineError(fault.unknownEndpoint, { endpoint });
    return quality as Quality;
  }

  /** Nothing here is shared; but its far end must not be told that it is over. */
  abandon = async (endpoint: string): Promise<void> => void (await this.release(endpoint, true));

  async release(endpoint: string, silently = false): Promise<Quality | undefined> {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined) return undefined;
    this.#forget(endpoint, entry);
    const { link, id, port } = entry;
    link.pool.release();
    if (entry.state === 'reserved') {
      link.post({ do: 'rest', port }, RELEASE_MS);
      return undefined;
    }
    try {
      return (await link.ask((ask) => ({ do: 'release', id, ask, silently }), RELEASE_MS)) as Quality;
    } catch {
      // Its worker is gone, and its figures with it.
      return undefined;
    }
  }

  async stats() {
    const pools = this.#links.map((link) => link.pool);
    const answers = await Promise.all(
      this.#links.map((link) => link.ask((ask) => ({ do: 'stats', ask })).catch(() => undefined)),
    );
    const relayed = answers.map((answer) => (answer as WorkerStats | undefined)?.relayed ?? 0);
    return {
      endpoints: this.#entries.size,
      portsInUse: sum(pools.map((pool) => pool.inUse)),
      portsResting: sum(pools.map((pool) => pool.resting)),
      portsFree: sum(pools.map((pool) => pool.free)),
      packetsRelayed: sum(relayed),
      engine: `embedded (${this.#links[0]?.wire ?? ''})`,
    };
  }

  /** How hard its workers have worked since it was last asked. */
  load(): readonly WorkerLoad[] {
    return this.#links.filter((link) => link.alive).map((link) => link.load());
  }

  get studioEvents(): StudioEngine['studioEvents'] {
    return this.#studio.studioEvents;
  }

  setGain(endpoint: string, db: number): Promise<void> {
    return this.#studio.setGain(endpoint, db);
  }

  addTrack(endpoint: string, track: string): Promise<void> {
    return this.#studio.addTrack(endpoint, track);
  }

  playOnTrack(endpoint: string, track: string, play: TrackPlay): Promise<void> {
    return this.#studio.playOnTrack(endpoint, track, play);
  }

  silenceTrack(endpoint: string, track: string): Promise<void> {
    return this.#studio.silenceTrack(endpoint, track);
  }

  removeTrack(endpoint: string, track: string): Promise<void> {
    return this.#studio.removeTrack(endpoint, track);
  }

  openTap(endpoint: string, tap: string, options: TapOptions): Promise<SharedArrayBuffer> {
    return this.#studio.openTap(endpoint, tap, options);
  }

  closeTap(endpoint: string, tap: string): Promise<void> {
    return this.#studio.closeTap(endpoint, tap);
  }

  openFeed(endpoint: string, feed: string, options: FeedOptions): Promise<SharedArrayBuffer> {
    return this.#studio.openFeed(endpoint, feed, options);
  }

  closeFeed(endpoint: string, feed: string): Promise<void> {
    return this.#studio.closeFeed(endpoint, feed);
  }

  detectAnswer(endpoint: string, options: DetectOptions): Promise<void> {
    return this.#studio.detectAnswer(endpoint, options);
  }

  knowMachine(endpoint: string): Promise<void> {
    return this.#studio.knowMachine(endpoint);
  }

  stopDetecting(endpoint: string): Promise<void> {
    return this.#studio.stopDetecting(endpoint);
  }

  hearTones(endpoint: string, on: boolean): Promise<void> {
    return this.#studio.hearTones(endpoint, on);
  }

  meter(endpoint: string, on: boolean): Promise<void> {
    return this.#studio.meter(endpoint, on);
  }

  holdDigits(endpoint: string, on: boolean): Promise<void> {
    return this.#studio.holdDigits(endpoint, on);
  }

  /** Everything needed to carry the open endpoints on elsewhere. */
  snapshot(): EndpointSnapshot[] {
    return Array.from(this.#entries, ([endpoint, { port, ssrc, settings }]) => ({ endpoint, port, ssrc, settings }));
  }

  /** Ends the worker of an endpoint by force; another takes its place. For a worker that hangs, and for tests. */
  async killWorker(endpoint: string): Promise<void> {
    await this.#entry(endpoint).link.kill();
  }

  /** Makes the worker of an endpoint throw: for tests. */
  crashWorker(endpoint: string): void {
    this.#entry(endpoint).link.post({ do: 'crash' });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const restart of this.#restarts.values()) restart.cancel();
    await this.#recordings.close();
    await Promise.all(this.#links.map((link) => link.close()));
    await Promise.all([this.#clerk.close(), this.#library.close()]);
    this.#studio.close();
    this.#entries.clear();
    this.#names.clear();
    this.#placement.clear();
    this.events.clear();
  }

  #start(index: number): WorkerLink {
    const options = this.#options;
    return new WorkerLink({
      index,
      clock: options.clock,
      setup: {
        address: options.address,
        wires: this.#wires(),
        restMs: options.restMs ?? REST_MS,
        restUnusedMs: Math.min(options.restUnusedMs ?? REST_UNUSED_MS, options.restMs ?? REST_MS),
        silentMs: options.silentMs ?? SILENT_MS,
        certificate: this.#certificate,
        nearCandidates: options.nearCandidates,
      },
      ports: this.#shares[index]!,
      range: options.ports,
      report: (report) => this.#report(report),
      failedPorts: (ports, why) => options.log.warn({ ports, why }, 'media ports cannot be bound'),
      died: (link, why) => this.#died(link, why),
    });
  }

  #wires(): WorkerSetup['wires'] {
    const { preferBatched = true } = this.#options;
    if (this.#family !== 4 || preferBatched === false) return [];
    return preferBatched === 'epoll' ? ['epoll'] : ['io_uring', 'epoll'];
  }

  #died(link: WorkerLink, why: string): void {
    this.#options.log.error({ worker: link.index, why, endpoints: link.endpoints.size }, 'media worker died');
    const names = [...link.endpoints.values()];
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) this.#forget(name, entry);
    }
    this.#recordings.lost(link, why);
    if (this.#closing !== undefined) return;
    const restart = (): void => {
      if (this.#closing === undefined) this.#links[link.index] = this.#start(link.index);
    };
    const young = this.#options.clock.monotonic() - link.startedAt < RESTART_PAUSE_MS;
    const { clock } = this.#options;
    if (young) this.#restarts.set(link.index, clock.after(RESTART_PAUSE_MS, 'media worker restart', restart));
    else restart();
    if (names.length > 0) this.events.emit('lost', names, why);
  }

  #report(report: LinkReport): void {
    if (report.say === 'fault') {
      return this.#options.log.error({ what: report.what, error: report.error }, 'media worker fault');
    }
    if (report.say === 'sound') return this.#recordings.sound(report.recording, report.samples, report.last);
    const name = this.#names.get(report.id);
    if (name === undefined) return;
    switch (report.say) {
      case 'flowing':
        return this.events.emit('flowing', name, report.at);
      case 'digit':
        return this.events.emit('digit', name, report.digit, report.durationMs);
      case 'keysSent':
        return this.events.emit('keysSent', name);
      case 'gone':
        return this.events.emit('gone', name, report.why);
      case 'reached':
        return this.events.emit('reached', name, report.reached);
      case 'silent':
        return this.events.emit('silent', name, report.silentMs);
      case 'trackPlayed':
        return this.studioEvents.emit('trackPlayed', name, report.track, report.error);
      case 'level':
        return this.studioEvents.emit('level', name, report.db);
      case 'detected':
        return this.studioEvents.emit('detected', name, report.detection);
      case 'played':
        return this.events.emit('played', name, report.play, report.error, report.progress);
    }
  }

  #entry(endpoint: string): Entry {
    const entry = this.#entries.get(endpoint);
    if (entry === undefined) throw new GraineError(fault.unknownEndpoint, { endpoint });
    tellOf(entry);
    return entry;
  }

  #forget(endpoint: string, entry: Entry): void {
    this.#entries.delete(endpoint);
    this.#studio.forget(endpoint);
    this.#loops.remove(entry);
    this.#names.delete(entry.id);
    entry.link.endpoints.delete(entry.id);
    this.#placement.leave(entry.session);
  }
}
