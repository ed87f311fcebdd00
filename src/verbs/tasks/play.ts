/** play: tones and files, one after the other, looped; then tells its hook how it went. */
import type { Timer } from '../../base/index.ts';
import type { PlayVerb } from '../schema/schema.ts';
import { askHook, type Outcome, type Task, type TaskContext } from '../task.ts';

export class PlayTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: PlayVerb;
  #finish: ((why: 'stopped' | 'timeout') => void) | undefined;
  #stopped: 'no' | 'stopped' | 'timeout' = 'no';
  #limit: Timer | undefined;

  constructor(context: TaskContext, verb: PlayVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    const { caller, session } = this.#context;
    const { clock } = session.services;
    const begun = clock.monotonic();
    const { timeoutSecs, actionHook, id } = this.#verb;
    if (timeoutSecs !== undefined) {
      this.#limit = clock.after(timeoutSecs * 1000, `call ${caller.callSid} play limit`, () => this.#end('timeout'));
    }
    const fault = await this.#playAll();
    this.#limit?.cancel();
    const ms = Math.round(clock.monotonic() - begun);
    if (fault !== undefined) {
      const alert = { type: 'play-url-notfound', message: fault.message, url: fault.url } as const;
      session.services.alerts.raise({ accountSid: session.accountSid, callSid: caller.callSid, ...alert });
    }
    if (actionHook === undefined) return {};
    const body = {
      reason: fault === undefined ? 'playCompleted' : 'playFailed',
      playback_seconds: String(Math.floor(ms / 1000)),
      playback_milliseconds: String(ms),
      playback_last_offset_pos: String(ms * 8),
    };
    return askHook(this.#context, actionHook, body, id);
  }

  stop(): void {
    this.#end('stopped');
  }

  #end(why: 'stopped' | 'timeout'): void {
    if (this.#stopped !== 'no') return;
    this.#stopped = why;
    this.#finish?.(why);
  }

  async #playAll(): Promise<{ message: string; url: string } | undefined> {
    const { url: urls, loop } = this.#verb;
    for (let round = 0; loop === 'forever' || round < loop; round++) {
      for (const url of urls) {
        if (this.#stopped !== 'no') return undefined;
        const message = await this.#playOne(url);
        if (message !== undefined) return { message, url };
      }
    }
    return undefined;
  }

  /** Resolves at the end of this sound, with the fault if there was one. */
  async #playOne(url: string): Promise<string | undefined> {
    const { caller, session } = this.#context;
    const media = caller.media;
    const read = await session.services.sounds.get(url, session.accountSid);
    if (!read.ok) return read.fault;
    if (media === undefined || this.#stopped !== 'no' || caller.end !== undefined) return undefined;
    return new Promise((resolve) => {
      const limit = /^silence_stream:\/\/(\d{1,7})$/i.exec(url)?.[1];
      const play = media.play({
        sound: read.sound,
        loop: 1,
        ...(limit === undefined ? {} : { limitMs: Number(limit) }),
      });
      const off = caller.events.on('played', (which, error) => {
        if (which === play) settle(error);
      });
      const settle = (error: string | undefined) => {
        off();
        this.#finish = undefined;
        resolve(error);
      };
      this.#finish = () => {
        if (caller.end === undefined) media.stopPlay();
        settle(undefined);
      };
    });
  }
}
