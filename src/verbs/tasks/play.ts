/** play: tones and files, one after the other, looped; then tells its hook how much was really heard. */
import { shownUrl } from '../../call/index.ts';
import type { PlayProgress, Sound } from '../../ports/index.ts';
import type { PlayVerb } from '../schema/schema.ts';
import { askNext, type Outcome, type Task, type TaskContext } from '../task.ts';

type Fault = { readonly message: string; readonly url: string };
type Ended = { readonly error: string | undefined; readonly progress: PlayProgress };

const SAMPLES_A_MS = 8;

export class PlayTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: PlayVerb;
  /** Samples heard in all, and where in its sound the last one was. */
  #heard = 0;
  #position = 0;
  #phase: 'playing' | 'stopped' = 'playing';
  #wake: () => void = () => {};

  constructor(context: TaskContext, verb: PlayVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    const { caller, session } = this.#context;
    const { clock, alerts } = session.services;
    const { timeoutSecs, actionHook } = this.#verb;
    const label = `call ${caller.callSid} play limit`;
    const limit = timeoutSecs === undefined ? undefined : clock.after(timeoutSecs * 1000, label, () => this.stop());
    const fault = await this.#playAll();
    limit?.cancel();
    if (fault !== undefined) {
      const { message, url } = fault;
      const about = { accountSid: session.accountSid, callSid: caller.callSid };
      alerts.raise({ ...about, type: 'play-url-notfound', message, url: shownUrl(url) });
    }
    return actionHook === undefined ? {} : askNext(this.#context, actionHook, this.#told(fault), this.#verb);
  }

  stop(): void {
    this.#phase = 'stopped';
    this.#wake();
  }

  #told(fault: Fault | undefined): Readonly<Record<string, string>> {
    const ms = Math.round(this.#heard / SAMPLES_A_MS);
    return {
      reason: fault === undefined ? 'playCompleted' : 'playFailed',
      playback_seconds: String(Math.floor(ms / 1000)),
      playback_milliseconds: String(ms),
      playback_last_offset_pos: String(this.#position),
    };
  }

  async #playAll(): Promise<Fault | undefined> {
    const { url: urls, loop } = this.#verb;
    const [only = ''] = urls;
    // One sound alone goes round in the engine, without a gap. Silence has no length but the one its URL tells.
    const seamless = urls.length === 1 && !isSilence(only);
    for (let round = 0; loop === 'forever' || round < loop; round++) {
      for (const [i, url] of urls.entries()) {
        if (this.#stopped) return undefined;
        const from = round + i === 0 ? Math.floor(this.#verb.seekOffset) : 0;
        const message = await this.#playOne(url, seamless ? loop : 1, from);
        if (message !== undefined) return { message, url };
      }
      if (seamless) break;
    }
    return undefined;
  }

  /** Resolves at the end of this sound, with the fault if there was one. */
  async #playOne(url: string, loop: number | 'forever', from: number): Promise<string | undefined> {
    const { caller, session } = this.#context;
    const { media } = caller;
    const read = await this.#untilStopped(session.services.sounds.get(url, session.accountSid));
    if (read?.ok === false) return read.fault;
    if (read === undefined || media === undefined || this.#stopped || caller.end !== undefined) return undefined;
    const began = session.services.clock.monotonic();
    const play = media.play({ sound: read.sound, loop, ...limitOf(url), ...startOf(read.sound, from) });
    let off = (): void => {};
    const played = new Promise<Ended>((resolve) => {
      off = caller.events.on('played', (which, error, progress) => {
        if (which === play) resolve({ error, progress });
      });
    });
    const ended = await this.#untilStopped(played);
    off();
    // The media of a call that is over cannot be asked any more.
    const passed = Math.round((session.services.clock.monotonic() - began) * SAMPLES_A_MS);
    const gone = { samples: passed, position: from + passed };
    const progress = ended?.progress ?? (caller.end === undefined ? await media.stopPlay() : undefined) ?? gone;
    this.#heard += progress.samples;
    this.#position = progress.position;
    return ended?.error;
  }

  /** What `work` resolves to, or undefined as soon as the verb is stopped. */
  #untilStopped<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
      if (this.#stopped) return this.#wake();
      void work.then(resolve);
    });
  }

  get #stopped(): boolean {
    return this.#phase === 'stopped';
  }
}

function isSilence(url: string): boolean {
  return /^silence_stream:/i.test(url);
}

function limitOf(url: string): { limitMs?: number } {
  const ms = /^silence_stream:\/\/(\d{1,7})$/i.exec(url)?.[1];
  return ms === undefined ? {} : { limitMs: Number(ms) };
}

/** Only files have a place to begin at. */
function startOf(sound: Sound, from: number): { from?: number } {
  return sound.kind === 'file' && from > 0 ? { from } : {};
}
