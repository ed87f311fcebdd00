/** Sounds by URL: tones are made, files are fetched, checked, and kept as long as HTTP allows. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Random, Timer } from '../base/index.ts';
import type { CacheHints, Fetched, HookFault, Hooks, KnownFile } from '../ports/index.ts';
import { ComingSound } from './coming-sound.ts';
import { freshness } from './freshness.ts';
import { localSound, madeSound, type SoundRead } from './sound-url.ts';

type Entry = {
  readonly path: string;
  readonly bytes: number;
  readonly known: KnownFile;
  freshUntil: number;
  standbyUntil: number;
};
type Wanted = {
  readonly key: string;
  readonly url: string;
  readonly accountSid: string;
  /** Enough of it is there. */
  readonly begun: (read: SoundRead) => void;
};
type Options = {
  clock: Clock;
  random: Random;
  hooks: Hooks;
  /** Where fetched files lie; removed at the end. */
  dir: string;
  /** Of one file, and of all that are kept. */
  maxBytes: number;
  cacheBytes: number;
  /** The folder that `file:` URLs may name; undefined: none. */
  localDir: string | undefined;
};

/** Up to the beginning of a file, and between two pieces of it. */
const FETCH_MS = 10_000;
/** A sound that comes no faster than it is played takes as long as the longest may be, and a little. */
const WHOLE_MS = 3_660_000;
const MAX_REDIRECTS = 5;
/** Fetches of one account at a time; more wait. What one server delays is the account's own. */
const MAX_FETCHES = 8;
const MAX_ENTRIES = 10_000;
/** Players hold their own decoded copy; a file is only needed until it was read. A minute is plenty. */
const REMOVE_AFTER_MS = 60_000;

export class SoundFiles {
  readonly #options: Options;
  readonly #entries = new Map<string, Entry>();
  readonly #fetching = new Map<string, Promise<SoundRead>>();
  readonly #queues = new Map<string, { running: number; readonly waiting: (() => void)[] }>();
  readonly #coming = new Set<ComingSound>();
  readonly #removals = new Set<Timer>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Never rejects. Resolves when enough is there to be played, the rest of it still coming. What an account fetched is for
   * itself alone. */
  async get(url: string, accountSid: string): Promise<SoundRead> {
    const made = madeSound(url);
    if (made !== undefined) return made;
    if (/^file:/i.test(url)) return localSound(url, this.#options.localDir);
    if (!/^https?:/i.test(url))
      return { ok: false, fault: `only http, https, tone_stream and silence_stream URLs can be played` };
    const key = `${accountSid} ${url}`;
    const kept = this.#entries.get(key);
    if (kept !== undefined && this.#options.clock.monotonic() < kept.freshUntil) return this.#use(key, kept);
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = new Promise<SoundRead>((begun) => {
        void this.#inTurn({ key, url, accountSid, begun })
          .then(begun)
          .finally(() => this.#fetching.delete(key));
      });
      this.#fetching.set(key, fetching);
    }
    return fetching;
  }

  /** Removes every file. */
  async close(): Promise<void> {
    for (const coming of this.#coming) coming.abort('the server is stopping');
    await Promise.all([...this.#coming].map((each) => each.broken('the server is stopping')));
    for (const timer of this.#removals) timer.cancel();
    this.#removals.clear();
    this.#entries.clear();
    await rm(this.#options.dir, { recursive: true, force: true });
  }

  async #inTurn(wanted: Wanted): Promise<SoundRead> {
    const queue = this.#queues.get(wanted.accountSid) ?? { running: 0, waiting: [] };
    this.#queues.set(wanted.accountSid, queue);
    if (queue.running >= MAX_FETCHES) await new Promise<void>((resolve) => queue.waiting.push(resolve));
    else queue.running++;
    try {
      return await this.#fetch(wanted);
    } finally {
      const next = queue.waiting.shift();
      if (next !== undefined) next();
      else if (--queue.running === 0) this.#queues.delete(wanted.accountSid);
    }
  }

  async #fetch({ key, url, accountSid, begun }: Wanted): Promise<SoundRead> {
    const { hooks, maxBytes, clock, random, dir } = this.#options;
    const kept = this.#entries.get(key);
    const file = path.join(dir, `${random.token(16)}.sound`);
    const coming = new ComingSound({ clock, file, begun: (sound) => begun({ ok: true, sound }) });
    this.#coming.add(coming);
    const limits = { accountSid, maxBytes, timeoutMs: FETCH_MS, maxRedirects: MAX_REDIRECTS };
    const into = { sink: coming, idleMs: FETCH_MS, wholeMs: WHOLE_MS };
    const answer = await hooks.fetch(url, { ...limits, into, ...(kept && { known: kept.known }) });
    const came = answer.ok && answer.status === 200;
    const fault = came ? await coming.whole() : await coming.broken(answer.ok ? 'nothing new' : answer.message);
    this.#coming.delete(coming);
    if (came && fault === undefined) return this.#store(key, { path: file, bytes: coming.bytes }, answer);
    this.#removeLater(file);
    if (!answer.ok) return this.#failed(key, answer);
    if (came || kept === undefined) return this.#unfit(key, fault ?? `answered ${answer.status}`);
    this.#renew(kept, answer.cache);
    return this.#use(key, kept);
  }

  #unfit(key: string, fault: string): SoundRead {
    this.#drop(key);
    return { ok: false, fault };
  }

  /** RFC 9111 §4.2.4: where the server cannot be asked, what went stale not long ago is better than nothing. */
  #failed(key: string, fault: HookFault): SoundRead {
    const kept = this.#entries.get(key);
    const away = fault.kind === 'connection' || fault.kind === 'timeout' || (fault.status ?? 0) >= 500;
    if (kept !== undefined && away && this.#options.clock.monotonic() < kept.standbyUntil) return this.#use(key, kept);
    this.#drop(key);
    return { ok: false, fault: fault.message, ...(fault.status === undefined ? {} : { status: fault.status }) };
  }

  #store(key: string, file: { readonly path: string; readonly bytes: number }, { known, cache }: Fetched): SoundRead {
    this.#drop(key);
    const entry: Entry = { ...file, known, freshUntil: 0, standbyUntil: 0 };
    if (this.#renew(entry, cache)) this.#keep(key, entry);
    else this.#removeLater(file.path);
    return { ok: true, sound: { kind: 'file', path: file.path } };
  }

  /** False when it may not be kept at all. */
  #renew(entry: Entry, cache: CacheHints): boolean {
    const { freshMs, standbyMs, kept } = freshness(cache);
    const now = this.#options.clock.monotonic();
    entry.freshUntil = now + freshMs;
    entry.standbyUntil = now + standbyMs;
    return kept;
  }

  /** Used last, dropped last. */
  #use(key: string, entry: Entry): SoundRead {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { ok: true, sound: { kind: 'file', path: entry.path } };
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    let total = 0;
    for (const each of this.#entries.values()) total += each.bytes;
    for (const [oldest, each] of this.#entries) {
      if (total <= this.#options.cacheBytes && this.#entries.size <= MAX_ENTRIES) break;
      this.#drop(oldest);
      total -= each.bytes;
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry !== undefined) this.#removeLater(entry.path);
  }

  #removeLater(file: string): void {
    const timer = this.#options.clock.after(REMOVE_AFTER_MS, 'sound file removal', () => {
      this.#removals.delete(timer);
      void rm(file, { force: true });
    });
    this.#removals.add(timer);
  }
}
