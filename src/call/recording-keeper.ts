/** Keeps the folder of recordings in order: what a crash left unfinished gets its name, what is older than the retention
 * goes. Touches nothing but files named as we name them. */
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, type Log, messageOf, type Timer } from '../base/index.ts';

const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A recording grows by the second; one that has not for so long has lost its writer, or is paused and loses nothing by
 * getting its name early. */
const ABANDONED_MS = 600_000;
const OURS = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{1,6}\.wav(\.part)?$/;

type Options = { clock: Clock; log: Log; dir: string; keepDays: number | undefined };

export class RecordingKeeper {
  readonly #options: Options;
  readonly #timer: Timer;
  #work: Promise<void>;

  constructor(options: Options) {
    this.#options = options;
    this.#timer = options.clock.every(SWEEP_MS, 'recordings sweep', () => {
      this.#work = this.#work.then(() => this.#sweep());
    });
    this.#work = this.#sweep();
  }

  /** Resolves when nothing is being moved or deleted any more. */
  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#work;
  }

  async #sweep(): Promise<void> {
    const { dir, log } = this.#options;
    const names = await readdir(dir).catch(() => []);
    for (const name of names) {
      const found = OURS.exec(name);
      if (found === null) continue;
      try {
        await this.#look(path.join(dir, name), found[1] !== undefined);
      } catch (fault) {
        // Gone meanwhile, or not ours to delete: the next one.
        log.warn({ file: name, reason: messageOf(fault) }, 'a recording cannot be looked after');
      }
    }
  }

  async #look(file: string, unfinished: boolean): Promise<void> {
    const { clock, keepDays, log } = this.#options;
    const found = await lstat(file);
    if (!found.isFile()) return;
    const age = clock.now() - found.mtimeMs;
    if (keepDays !== undefined && age > keepDays * DAY_MS) {
      await rm(file);
      log.info({ file, keepDays }, 'recording deleted: older than media.recording_keep_days');
    } else if (unfinished && age > ABANDONED_MS) await rename(file, file.slice(0, -'.part'.length));
  }
}
