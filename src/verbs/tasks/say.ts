/** say: texts spoken one after the other, looped. While one is heard the next is being made. */
import type { PlayOptions, Sound, Synthesis } from '../../ports/index.ts';
import type { SayVerb } from '../schema/schema.ts';
import { voicesFor } from '../speech-choice.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

type Part = { readonly ok: true; readonly sound: Sound; readonly limitMs?: number } | { readonly ok: false };

export class SayTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: SayVerb;
  readonly #stopping = new AbortController();

  constructor(context: TaskContext, verb: SayVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  /** Ends early when nobody can speak: the alert is raised, the next verb goes on. */
  async run(): Promise<Outcome> {
    const texts = this.#verb.text.filter((text) => text.trim() !== '');
    const { loop } = this.#verb;
    if (texts.length === 0) return {};
    let next = this.#make(texts[0]!);
    for (let n = 1; ; n++) {
      const part = await next;
      if (!part.ok || this.#stopping.signal.aborted) return {};
      const last = loop !== 'forever' && n >= texts.length * loop;
      if (!last) next = this.#make(texts[n % texts.length]!);
      await this.#play({
        sound: part.sound,
        loop: 1,
        ...(part.limitMs === undefined ? {} : { limitMs: part.limitMs }),
      });
      if (last) return {};
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #make(text: string): Promise<Part> {
    const silence = /^silence_stream:\/\/(\d{1,7})$/i.exec(text.trim())?.[1];
    // At least a frame: silence of no length, looped for ever, would spin.
    if (silence !== undefined) return { ok: true, sound: { kind: 'silence' }, limitMs: Math.max(20, Number(silence)) };
    const made = await speak(this.#context, this.#verb, { text, signal: this.#stopping.signal });
    return made.ok ? { ok: true, sound: made.sound } : { ok: false };
  }

  /** Resolves when it was heard, or the task stopped, or the leg is gone. */
  #play(options: PlayOptions): Promise<void> {
    const { caller } = this.#context;
    const { media } = caller;
    const { signal } = this.#stopping;
    if (media === undefined || caller.end !== undefined || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const play = media.play(options);
      const settle = (): void => {
        offs.forEach((off) => off());
        signal.removeEventListener('abort', silence);
        resolve();
      };
      const silence = (): void => {
        if (caller.end === undefined) void media.stopPlay();
        settle();
      };
      const offs = [
        caller.events.on('played', (which) => which === play && settle()),
        caller.events.on('ended', settle),
      ];
      signal.addEventListener('abort', silence, { once: true });
    });
  }
}

/** One text of a `say` as a sound, by the voice it asks for. Never rejects. */
export function speak(
  { caller, session }: TaskContext,
  { synthesizer, disableTtsCache, instructions }: SayVerb,
  { text, signal }: { readonly text: string; readonly signal: AbortSignal },
): Promise<Synthesis> {
  const choice = voicesFor(session, synthesizer);
  const voice =
    instructions === undefined ? choice.voice : { ...choice.voice, options: { ...choice.voice.options, instructions } };
  const whose = { accountSid: session.accountSid, callSid: caller.callSid };
  return session.services.speech.synthesise({ ...whose, text, ...choice, voice, fresh: disableTtsCache }, signal);
}
