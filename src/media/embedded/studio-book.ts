import { createPcmRing, Emitter, GraineError, PcmRingReader } from '../../base/index.ts';
import type {
  DetectOptions,
  FeedOptions,
  Sound,
  StreamSettings,
  StudioEngine,
  TapOptions,
  TrackPlay,
} from '../../ports/index.ts';
import { sampleRates } from '../codec/resampler.ts';
import type { Library } from '../files/library.ts';
import { badStudio, tapTaken, tooMany } from './faults.ts';
import type { SoundData, StudioCommand } from './protocol.ts';
import { fileRate, soundData } from './sound-data.ts';
import type { WorkerLink } from './worker-link.ts';

const MAX_TRACKS = 8;
const MAX_TAPS = 16;
const MAX_FEEDS = 8;
const LEAST_DB = -60;
const MOST_DB = 40;
const MOST_SECONDS = 60;

type Found = { readonly id: number; readonly link: WorkerLink; readonly settings: StreamSettings | undefined };
type Page = {
  /** By name, the turn of what plays: a file may come from the disk after something else began. */
  readonly tracks: Map<string, number>;
  readonly taps: Map<string, PcmRingReader>;
  readonly feeds: Map<string, PcmRingReader>;
};

/** The main thread's book of what the studio does where: names, rings and limits. The work is done in workers. */
export class StudioBook implements StudioEngine {
  readonly studioEvents: StudioEngine['studioEvents'] = new Emitter();
  readonly #find: (endpoint: string) => Found;
  readonly #library: Library;
  readonly #pages = new Map<string, Page>();
  #turn = 0;

  /** `find` throws for an endpoint that is not there. */
  constructor(find: (endpoint: string) => Found, library: Library) {
    this.#find = find;
    this.#library = library;
  }

  async setGain(endpoint: string, db: number): Promise<void> {
    const found = this.#find(endpoint);
    checkGain('gain', db);
    post(found, { do: 'gain', id: found.id, db });
  }

  async addTrack(endpoint: string, track: string): Promise<void> {
    this.#find(endpoint);
    this.#track(endpoint, track);
  }

  async playOnTrack(endpoint: string, track: string, play: TrackPlay): Promise<void> {
    const found = this.#find(endpoint);
    checkGain('gainDb', play.gainDb);
    const { loop } = play;
    must(loop === 'forever' || loop >= 1, 'loop', loop, "1 or more, or 'forever'");
    const page = this.#track(endpoint, track);
    const turn = this.#next(page, track);
    const sound = await this.#load(play.sound, fileRate(found.settings));
    if (this.#pages.get(endpoint) !== page || page.tracks.get(track) !== turn) return;
    if ('error' in sound) return this.studioEvents.emit('trackPlayed', endpoint, track, sound.error);
    const rounds = loop === 'forever' ? Infinity : loop;
    post(found, { do: 'track', id: found.id, track, play: { sound: sound.data, loop: rounds, gainDb: play.gainDb } });
  }

  async silenceTrack(endpoint: string, track: string): Promise<void> {
    const found = this.#find(endpoint);
    const page = this.#pages.get(endpoint);
    if (page?.tracks.has(track) !== true) return;
    this.#next(page, track);
    post(found, { do: 'track', id: found.id, track, play: undefined });
  }

  async removeTrack(endpoint: string, track: string): Promise<void> {
    const found = this.#find(endpoint);
    if (this.#pages.get(endpoint)?.tracks.delete(track) !== true) return;
    post(found, { do: 'removeTrack', id: found.id, track });
  }

  async openTap(endpoint: string, tap: string, options: TapOptions): Promise<SharedArrayBuffer> {
    const found = this.#find(endpoint);
    const { source, rate, seconds } = options;
    const { taps } = this.#page(endpoint);
    if (taps.has(tap)) throw new GraineError(tapTaken, { endpoint, what: 'tap', name: tap });
    if (taps.size >= MAX_TAPS) throw new GraineError(tooMany, { endpoint, most: MAX_TAPS, what: 'taps' });
    const ring = makeRing(rate, source === 'both' ? 2 : 1, seconds);
    taps.set(tap, new PcmRingReader(ring));
    post(found, { do: 'tap', id: found.id, tap, source, ring });
    return ring;
  }

  async closeTap(endpoint: string, tap: string): Promise<void> {
    const found = this.#find(endpoint);
    const taps = this.#pages.get(endpoint)?.taps;
    if (taps === undefined || !taps.has(tap)) return;
    taps.get(tap)!.close();
    taps.delete(tap);
    post(found, { do: 'closeTap', id: found.id, tap });
  }

  async openFeed(endpoint: string, feed: string, options: FeedOptions): Promise<SharedArrayBuffer> {
    const found = this.#find(endpoint);
    const { feeds } = this.#page(endpoint);
    if (feeds.has(feed)) throw new GraineError(tapTaken, { endpoint, what: 'feed', name: feed });
    if (feeds.size >= MAX_FEEDS) throw new GraineError(tooMany, { endpoint, most: MAX_FEEDS, what: 'feeds' });
    const ring = makeRing(options.rate, 1, options.seconds);
    feeds.set(feed, new PcmRingReader(ring));
    post(found, { do: 'feed', id: found.id, feed, mode: options.mode, ring });
    return ring;
  }

  async closeFeed(endpoint: string, feed: string): Promise<void> {
    const found = this.#find(endpoint);
    const feeds = this.#pages.get(endpoint)?.feeds;
    if (feeds === undefined || !feeds.has(feed)) return;
    feeds.get(feed)!.close();
    feeds.delete(feed);
    post(found, { do: 'closeFeed', id: found.id, feed });
  }

  async detectAnswer(endpoint: string, options: DetectOptions): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'detect', id: found.id, options });
  }

  async knowMachine(endpoint: string): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'knowMachine', id: found.id });
  }

  async stopDetecting(endpoint: string): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'detect', id: found.id, options: undefined });
  }

  async hearTones(endpoint: string, on: boolean): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'hearTones', id: found.id, on });
  }

  async meter(endpoint: string, on: boolean): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'meter', id: found.id, on });
  }

  async holdDigits(endpoint: string, on: boolean): Promise<void> {
    const found = this.#find(endpoint);
    post(found, { do: 'holdDigits', id: found.id, on });
  }

  /** The endpoint is gone, or its worker: whoever reads or writes its rings learns it from them. */
  forget(endpoint: string): void {
    const page = this.#pages.get(endpoint);
    if (page === undefined) return;
    this.#pages.delete(endpoint);
    for (const ring of page.taps.values()) ring.close();
    for (const ring of page.feeds.values()) ring.close();
  }

  close(): void {
    for (const endpoint of this.#pages.keys()) this.forget(endpoint);
    this.studioEvents.clear();
  }

  #page(endpoint: string): Page {
    let page = this.#pages.get(endpoint);
    if (page === undefined) {
      page = { tracks: new Map(), taps: new Map(), feeds: new Map() };
      this.#pages.set(endpoint, page);
    }
    return page;
  }

  #track(endpoint: string, track: string): Page {
    const page = this.#page(endpoint);
    if (page.tracks.has(track)) return page;
    if (page.tracks.size >= MAX_TRACKS) throw new GraineError(tooMany, { endpoint, most: MAX_TRACKS, what: 'tracks' });
    page.tracks.set(track, 0);
    return page;
  }

  #next(page: Page, track: string): number {
    const turn = ++this.#turn;
    page.tracks.set(track, turn);
    return turn;
  }

  async #load(sound: Sound, rate: number): Promise<{ readonly data: SoundData } | { readonly error: string }> {
    if (sound.kind !== 'file') return { data: soundData(sound) };
    const loaded = await this.#library.load(sound, rate);
    if ('error' in loaded) return { error: loaded.error };
    return { data: { kind: 'samples', samples: loaded.sound.memory } };
  }
}

function post({ link }: Found, command: StudioCommand): void {
  link.post(command);
}

function makeRing(rate: number, channels: 1 | 2, seconds: number): SharedArrayBuffer {
  must((sampleRates as readonly number[]).includes(rate), 'rate', rate, `one of ${sampleRates.join(', ')}`);
  must(seconds >= 0.04 && seconds <= MOST_SECONDS, 'seconds', seconds, `from 0.04 to ${MOST_SECONDS}`);
  return createPcmRing({ rate, channels }, seconds);
}

function checkGain(field: string, db: number): void {
  must(db >= LEAST_DB && db <= MOST_DB, field, db, `from ${LEAST_DB} to ${MOST_DB} dB`);
}

function must(holds: boolean, field: string, value: unknown, rule: string): void {
  if (!holds) throw new GraineError(badStudio, { field, value, rule });
}
