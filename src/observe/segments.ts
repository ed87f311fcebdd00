/** Where finished bytes of timelines go: a row of segments of bounded total size, the oldest dropped first. On disk, or
 * in memory when the store is `memory:`. Both only ever append; one append at a time. */
import fs from 'node:fs/promises';
import path from 'node:path';

export type Place = { readonly segment: number; readonly offset: number };

export interface Segments {
  /** Appends; resolves to where the bytes begin. Rejects when the disk refuses them. */
  append(bytes: Buffer): Promise<Place>;
  /** undefined: that segment has been dropped. */
  read(segment: number, offset: number, length: number): Promise<Buffer | undefined>;
  /** Every segment that an earlier process left, oldest first. */
  existing(): Promise<readonly { readonly segment: number; readonly bytes: Buffer }[]>;
  close(): Promise<void>;
}

export type SegmentsOptions = {
  readonly maxBytes: number;
  /** Told before its bytes go. */
  readonly onDrop: (segment: number) => void;
};

const perStore = 8;

export class MemorySegments implements Segments {
  readonly #options: SegmentsOptions;
  readonly #segments = new Map<number, Buffer[]>();
  readonly #sizes = new Map<number, number>();
  #newest = 0;

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  append(bytes: Buffer): Promise<Place> {
    const filled = this.#sizes.get(this.#newest) ?? 0;
    if (this.#newest === 0 || filled + bytes.length > this.#options.maxBytes / perStore) this.#roll();
    const offset = this.#sizes.get(this.#newest) ?? 0;
    // The caller uses its buffer again.
    this.#segments.get(this.#newest)?.push(Buffer.from(bytes));
    this.#sizes.set(this.#newest, offset + bytes.length);
    return Promise.resolve({ segment: this.#newest, offset });
  }

  read(segment: number, offset: number, length: number): Promise<Buffer | undefined> {
    let at = 0;
    for (const bytes of this.#segments.get(segment) ?? []) {
      if (offset >= at && offset + length <= at + bytes.length) {
        return Promise.resolve(bytes.subarray(offset - at, offset - at + length));
      }
      at += bytes.length;
    }
    return Promise.resolve(undefined);
  }

  existing(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    this.#segments.clear();
    this.#sizes.clear();
    return Promise.resolve();
  }

  #roll(): void {
    this.#segments.set(++this.#newest, []);
    this.#sizes.set(this.#newest, 0);
    for (const segment of overflow(this.#sizes, this.#newest, this.#options.maxBytes)) {
      this.#options.onDrop(segment);
      this.#segments.delete(segment);
      this.#sizes.delete(segment);
    }
  }
}

/** The oldest segments that must go so that the rest, with the new one full, stays within `maxBytes`. */
function overflow(sizes: ReadonlyMap<number, number>, newest: number, maxBytes: number): number[] {
  let total = maxBytes / perStore;
  for (const size of sizes.values()) total += size;
  const gone = [];
  for (const [segment, size] of sizes) {
    if (total <= maxBytes || segment === newest) break;
    gone.push(segment);
    total -= size;
  }
  return gone;
}

const fileName = (segment: number) => `timeline-${String(segment).padStart(8, '0')}.seg`;
const filePattern = /^timeline-(\d{8})\.seg$/;

export class DiskSegments implements Segments {
  readonly #dir: string;
  readonly #options: SegmentsOptions;
  /** Sizes by number, oldest first. */
  readonly #sizes = new Map<number, number>();
  #opened: Promise<void> | undefined;
  #newest = 0;
  #file: fs.FileHandle | undefined;

  constructor(dir: string, options: SegmentsOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  async append(bytes: Buffer): Promise<Place> {
    await this.#open();
    const filled = this.#sizes.get(this.#newest) ?? 0;
    if (this.#file === undefined || filled + bytes.length > this.#options.maxBytes / perStore) await this.#roll();
    const offset = this.#sizes.get(this.#newest) ?? 0;
    let written = 0;
    while (written < bytes.length) {
      const result = await this.#file?.write(bytes, written, bytes.length - written, offset + written);
      written += result?.bytesWritten ?? bytes.length;
    }
    this.#sizes.set(this.#newest, offset + bytes.length);
    return { segment: this.#newest, offset };
  }

  async read(segment: number, offset: number, length: number): Promise<Buffer | undefined> {
    if (!this.#sizes.has(segment)) return undefined;
    try {
      const file = await fs.open(path.join(this.#dir, fileName(segment)), 'r');
      try {
        const bytes = Buffer.allocUnsafe(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        return bytesRead === length ? bytes : undefined;
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  async existing(): Promise<readonly { readonly segment: number; readonly bytes: Buffer }[]> {
    await this.#open();
    const found = [];
    for (const segment of this.#sizes.keys()) {
      const bytes = await fs.readFile(path.join(this.#dir, fileName(segment)));
      found.push({ segment, bytes });
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #open(): Promise<void> {
    return (this.#opened ??= this.#list());
  }

  async #list(): Promise<void> {
    await fs.mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const names = (await fs.readdir(this.#dir)).filter((name) => filePattern.test(name)).sort();
    for (const name of names) {
      const segment = Number(filePattern.exec(name)?.[1]);
      this.#sizes.set(segment, (await fs.stat(path.join(this.#dir, name))).size);
      this.#newest = segment;
    }
  }

  async #roll(): Promise<void> {
    await this.#file?.close();
    this.#newest++;
    // Timelines hold numbers and addresses of people: for the server's own user only.
    this.#file = await fs.open(path.join(this.#dir, fileName(this.#newest)), 'w', 0o600);
    this.#sizes.set(this.#newest, 0);
    for (const segment of overflow(this.#sizes, this.#newest, this.#options.maxBytes)) {
      this.#options.onDrop(segment);
      this.#sizes.delete(segment);
      await fs.rm(path.join(this.#dir, fileName(segment)), { force: true });
    }
  }
}
