/** Finished recordings, as REST serves them. A name comes from outside: it is one of ours or it is none. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import path from 'node:path';

/** `<call_sid of the caller>-<n>.wav`. */
const OURS = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,6})\.wav$/;
/** More recordings of one call are not looked for. */
const MOST = 1000;

export type Recorded = { readonly name: string; readonly bytes: number; readonly endedAt: number };
/** Whoever opens it closes it. */
export type OpenRecording = { readonly handle: FileHandle; readonly bytes: number; readonly endedAt: number };

export class RecordingShelf {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Those of the session that made this one, up to it, oldest first. */
  async list(last: string): Promise<Recorded[]> {
    const named = OURS.exec(last);
    if (named === null) return [];
    const found: Recorded[] = [];
    for (let n = 1; n <= Math.min(MOST, Number(named[2])); n++) {
      const name = `${named[1]}-${n}.wav`;
      const stat = await lstat(path.join(this.#dir, name)).catch(() => undefined);
      if (stat?.isFile() === true) found.push({ name, bytes: stat.size, endedAt: stat.mtimeMs });
    }
    return found;
  }

  /** undefined: there is none, or not any more. */
  async open(name: string): Promise<OpenRecording | undefined> {
    if (!OURS.test(name)) return undefined;
    let handle: FileHandle | undefined;
    try {
      handle = await open(path.join(this.#dir, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stat = await handle.stat();
      if (stat.isFile()) return { handle, bytes: stat.size, endedAt: stat.mtimeMs };
    } catch {
      // Deleted, or not ours to read: not there.
    }
    await handle?.close();
    return undefined;
  }

  /** False when there was none. */
  async remove(name: string): Promise<boolean> {
    if (!OURS.test(name)) return false;
    return rm(path.join(this.#dir, name)).then(
      () => true,
      () => false,
    );
  }
}

/** Whether a recording belongs to the session of the one that a CDR names. */
export function sameSession(name: string, named: string): boolean {
  const session = OURS.exec(name)?.[1];
  return session !== undefined && session === OURS.exec(named)?.[1];
}
