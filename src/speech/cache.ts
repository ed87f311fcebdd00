/** Spoken texts kept on disk, by what was said and how: a prompt is paid for once. Bounded by bytes, the longest unused
 * goes first. A restart finds what is there. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Random } from '../base/index.ts';

type Options = {
  readonly dir: string;
  readonly maxBytes: number;
  /** Whether a later process may find what this one kept. */
  readonly outlives: boolean;
  readonly clock: Clock;
  readonly random: Random;
};

/** What was given out may still be on its way into the engine: it stays so long after it left the cache, ms. */
const GRACE_MS = 60_000;
/** What a kept file is called: SHA-256 in hex. */
const KEPT = /^[0-9a-f]{64}\.wav$/;

export class SpeechCache {
  readonly #options: Options;
  /** Key to bytes, the longest unused first. */
  readonly #kept = new Map<string, number>();
  readonly #doomed: { file: string; at: number }[] = [];
  readonly #found: Promise<void>;
  #bytes = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#found = this.#find();
  }

  /** The name of a thing said: equal for equal parts. */
  static key(parts: unknown): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }

  /** The file of a key, if it is still there. */
  async get(key: string): Promise<string | undefined> {
    await this.#found;
    const bytes = this.#kept.get(key);
    if (bytes === undefined) return undefined;
    const file = this.#path(key);
    const now = new Date(this.#options.clock.now());
    // Its age must outlive a restart; and a file someone removed is not there.
    const there = await utimes(file, now, now).then(
      () => true,
      () => false,
    );
    this.#kept.delete(key);
    if (there) this.#kept.set(key, bytes);
    else this.#bytes -= bytes;
    return there ? file : undefined;
  }

  /** Keeps a file and returns its path. Rejects when the disk will not. */
  async put(key: string, wav: Buffer): Promise<string> {
    await this.#found;
    const file = this.#path(key);
    await this.#write(file, wav);
    this.#bytes += wav.length - (this.#kept.get(key) ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, wav.length);
    for (const [oldest, bytes] of this.#kept) {
      if (this.#bytes <= this.#options.maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
      this.#doom(this.#path(oldest));
    }
    await this.#sweep();
    return file;
  }

  /** A file for one use, gone a while later. */
  async once(wav: Buffer): Promise<string> {
    const file = path.join(this.#options.dir, `once-${this.#options.random.token(16)}.wav`);
    await this.#write(file, wav);
    this.#doom(file);
    await this.#sweep();
    return file;
  }

  /** Removes what is due whatever its age, and all of it when it goes with the process. */
  async close(): Promise<void> {
    await this.#found;
    const { dir, outlives } = this.#options;
    if (!outlives) return rm(dir, { recursive: true, force: true });
    await Promise.all(this.#doomed.splice(0).map(({ file }) => rm(file, { force: true })));
  }

  #path(key: string): string {
    return path.join(this.#options.dir, `${key}.wav`);
  }

  /** Whole or not at all: a crash in the middle leaves no half file under the name. */
  async #write(file: string, wav: Buffer): Promise<void> {
    const part = `${file}.${this.#options.random.token(8)}.part`;
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    await writeFile(part, wav, { mode: 0o600 });
    await rename(part, file);
  }

  #doom(file: string): void {
    this.#doomed.push({ file, at: this.#options.clock.now() + GRACE_MS });
  }

  async #sweep(): Promise<void> {
    const now = this.#options.clock.now();
    while (this.#doomed[0] !== undefined && this.#doomed[0].at <= now) {
      const { file } = this.#doomed.shift()!;
      const key = path.basename(file, '.wav');
      if (!this.#kept.has(key)) await rm(file, { force: true });
    }
  }

  /** Takes in what an earlier process kept, and removes what it left behind. */
  async #find(): Promise<void> {
    const { dir } = this.#options;
    const names = await readdir(dir).catch(() => [] as string[]);
    const found: { key: string; bytes: number; used: number }[] = [];
    for (const name of names) {
      const file = path.join(dir, name);
      const info = await stat(file).catch(() => undefined);
      if (info?.isFile() !== true) continue;
      if (KEPT.test(name)) found.push({ key: name.slice(0, 64), bytes: info.size, used: info.mtimeMs });
      else if (/\.part$|^once-/.test(name)) await rm(file, { force: true });
    }
    for (const { key, bytes } of found.sort((a, b) => a.used - b.used)) {
      this.#kept.set(key, bytes);
      this.#bytes += bytes;
    }
  }
}
