/** Sounds by URL: tones are made, files are fetched once, checked, and kept for a while. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Random } from '../base/index.ts';
import type { Hooks, Sound } from '../ports/index.ts';

export type SoundRead =
  | { readonly ok: true; readonly sound: Sound }
  | { readonly ok: false; readonly fault: string; readonly status?: number };

type Entry = { readonly path: string; readonly bytes: number; readonly fetchedAt: number };
type Options = {
  clock: Clock;
  random: Random;
  hooks: Hooks;
  dir: string;
  maxBytes: number;
  cacheBytes: number;
  freshMs: number;
};

export class SoundFiles {
  readonly #options: Options;
  readonly #entries = new Map<string, Entry>();
  readonly #fetching = new Map<string, Promise<SoundRead>>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Never rejects. `accountSid` is for the address rules and alerts. */
  async get(url: string, accountSid: string): Promise<SoundRead> {
    const made = madeSound(url);
    if (made !== undefined) return made;
    if (!/^https?:/i.test(url))
      return { ok: false, fault: `only http, https, tone_stream and silence_stream URLs can be played` };
    const key = `${accountSid} ${url}`;
    const kept = this.#entries.get(key);
    if (kept !== undefined && this.#options.clock.monotonic() - kept.fetchedAt < this.#options.freshMs) {
      return { ok: true, sound: { kind: 'file', path: kept.path } };
    }
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = this.#fetch(key, url, accountSid).finally(() => this.#fetching.delete(key));
      this.#fetching.set(key, fetching);
    }
    return fetching;
  }

  /** Removes every file. */
  async close(): Promise<void> {
    this.#entries.clear();
    await rm(this.#options.dir, { recursive: true, force: true });
  }

  async #fetch(key: string, url: string, accountSid: string): Promise<SoundRead> {
    const { hooks, random, dir, maxBytes, clock } = this.#options;
    const answer = await hooks.fetch(url, { accountSid, maxBytes, timeoutMs: 10_000, maxRedirects: 3 });
    if (!answer.ok)
      return { ok: false, fault: answer.message, ...(answer.status === undefined ? {} : { status: answer.status }) };
    const head = answer.body.subarray(0, 12).toString('latin1');
    if (!head.startsWith('RIFF') || !head.endsWith('WAVE')) return { ok: false, fault: 'the file is not a WAV' };
    const file = path.join(dir, `${random.token(16)}.wav`);
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await writeFile(file, answer.body, { mode: 0o600 });
    } catch (fault) {
      return { ok: false, fault: `the file could not be kept: ${String(fault)}` };
    }
    this.#keep(key, { path: file, bytes: answer.body.length, fetchedAt: clock.monotonic() });
    return { ok: true, sound: { kind: 'file', path: file } };
  }

  #keep(key: string, entry: Entry): void {
    const old = this.#entries.get(key);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const dropped = old === undefined ? [] : [old];
    let total = 0;
    for (const each of this.#entries.values()) total += each.bytes;
    for (const [oldest, each] of this.#entries) {
      if (total <= this.#options.cacheBytes) break;
      this.#entries.delete(oldest);
      dropped.push(each);
      total -= each.bytes;
    }
    // Players hold their own decoded copy; a file is only needed until it was read. A minute is plenty.
    for (const each of dropped)
      this.#options.clock.after(60_000, 'sound file removal', () => void rm(each.path, { force: true }));
  }
}

/** `tone_stream://%(on,off,f1[,f2…])`, `silence_stream://ms`, `ringback://de`: sounds that need no file. */
function madeSound(url: string): SoundRead | undefined {
  const lower = url.toLowerCase();
  if (lower.startsWith('silence_stream://')) return { ok: true, sound: { kind: 'silence' } };
  const ringback = /^ringback:\/\/([a-z]{2})$/.exec(lower);
  if (ringback?.[1] !== undefined) return { ok: true, sound: { kind: 'ringback', country: ringback[1] } };
  return lower.startsWith('tone_stream://') ? toneStream(lower) : undefined;
}

/** FreeSWITCH's notation: parts split by `;`, `v=` the level in dB, `%(…)` one beat of the cadence. */
function toneStream(lower: string): SoundRead {
  const cadence: { on: number; off: number }[] = [];
  let frequencies: number[] = [];
  let levelDb = -13;
  for (const part of lower.slice('tone_stream://'.length, 500).split(';')) {
    const volume = /^v=(-?\d{1,3})$/.exec(part);
    if (volume?.[1] !== undefined) levelDb = Math.max(-60, Math.min(0, Number(volume[1])));
    const tone = /^%\(([\d.,]{3,80})\)$/.exec(part);
    const [on = 0, off = 0, ...hz] = (tone?.[1] ?? '').split(',').map(Number);
    if (tone === null) continue;
    const valid = on > 0 && on <= 60_000 && off >= 0 && off <= 60_000 && hz.length > 0 && hz.length <= 4;
    if (!valid || hz.some((f) => !(f >= 50 && f <= 3900)))
      return { ok: false, fault: `the tone '${part}' is out of range` };
    cadence.push({ on, off });
    if (frequencies.length === 0) frequencies = hz;
  }
  if (cadence.length === 0) return { ok: false, fault: 'expected tone_stream://%(on ms,off ms,Hz[,Hz])' };
  return { ok: true, sound: { kind: 'tone', frequencies, levelDb, cadence } };
}
