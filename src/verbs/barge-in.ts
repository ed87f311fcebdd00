/** config.bargeIn: keys and words at any time, whatever verb runs. The first sign of either ends what is being played; the result
 * goes to a hook, whose verbs take over. reference.md 5. */
import type { Timer } from '../base/index.ts';
import type { Transcript } from '../ports/index.ts';
import { whenAudible } from './when.ts';
import type { BargeIn } from './schema/schema.ts';
import { askHook, type TaskContext } from './task.ts';
import { KeyInput } from './tasks/key-input.ts';
import { SpokenInput, wordsIn } from './tasks/spoken-input.ts';
import { speechOf } from './tasks/transcription.ts';

export type Application = {
  /** The verb that runs now. */
  readonly verb: () => string | undefined;
  /** Ends it early. */
  readonly interrupt: () => void;
  readonly replace: (document: unknown) => void;
};

/** These take keys themselves. */
const takesKeys: ReadonlySet<string | undefined> = new Set(['gather', 'dial']);
/** In these the caller speaks to somebody else, or the verb listens itself. */
const takesSpeech: ReadonlySet<string | undefined> = new Set(['gather', 'dial', 'joint', 'transfer']);
const interruptible: ReadonlySet<string | undefined> = new Set(['say', 'play']);

/** Words count as they come, so that a prompt ends early; the result is the whole sentence. */
const everyWord = {
  bargein: true,
  partialResultHook: undefined,
  recognizer: undefined,
  speechTimeout: undefined,
  id: undefined,
} as const;

export class BargeInWatch {
  readonly #context: TaskContext;
  readonly #options: BargeIn;
  readonly #application: Application;
  readonly #offs: (() => void)[] = [];
  #keys: KeyInput;
  #timer: Timer | undefined;
  #spoken: SpokenInput | undefined;
  /** silent: the call has no audio yet, or nobody can hear it. */
  #state: 'silent' | 'listening' | 'stopped' = 'silent';

  constructor(context: TaskContext, options: BargeIn, application: Application) {
    this.#context = context;
    this.#options = options;
    this.#application = application;
    this.#keys = new KeyInput(options);
    const { caller } = context;
    if (options.input.includes('digits')) this.#offs.push(caller.events.on('digit', (key) => this.#pressed(key)));
    if (!options.input.includes('speech')) return;
    this.#offs.push(
      whenAudible(caller, () => {
        this.#state = 'listening';
        this.follow();
        return () => {};
      }),
    );
  }

  /** Another verb runs now, or none. */
  follow(): void {
    if (this.#state !== 'listening') return;
    const aside = takesSpeech.has(this.#application.verb());
    if (aside) this.#closeEar();
    else if (this.#spoken === undefined) this.#openEar();
  }

  stop(): void {
    this.#state = 'stopped';
    for (const off of this.#offs.splice(0)) off();
    this.#timer?.cancel();
    this.#closeEar();
  }

  #openEar(): void {
    const spoken = new SpokenInput(this.#context, everyWord, {
      voice: (words) => this.#spoke(words),
      said: (transcript) => this.#said(transcript),
      failed: (error) => this.#deaf(error),
      answered: () => {},
    });
    this.#spoken = spoken;
    spoken.start();
  }

  #closeEar(): void {
    this.#spoken?.close();
    this.#spoken = undefined;
  }

  #spoke(words: number): void {
    if (words >= this.#options.minBargeinWordCount) this.#interrupt();
  }

  #said(said: Transcript): void {
    // Who types does not speak; too few words to end a prompt are a murmur, not an answer.
    if (this.#keys.digits !== '') return;
    const words = wordsIn(said);
    if (this.#interruptible && words < this.#options.minBargeinWordCount) return;
    this.#interrupt();
    const least = Number(this.#context.session.speech.recognizer?.['minConfidence'] ?? 0) || 0;
    const sure = (said.alternatives[0]?.confidence ?? 0) >= least;
    this.#done({ reason: sure ? 'speechDetected' : 'stt-low-confidence', speech: speechOf(said, 1) });
  }

  /** Keys may still come where they are an input; else nothing can, and the application is told why. */
  #deaf(error: string): void {
    this.#closeEar();
    this.#state = 'silent';
    if (this.#options.input.includes('digits')) return;
    this.stop();
    this.#tell({ reason: 'error', details: { error } });
  }

  #pressed(key: string): void {
    if (takesKeys.has(this.#application.verb())) return;
    this.#interrupt();
    this.#timer?.cancel();
    if (this.#keys.press(key) === 'complete') return this.#typed('dtmfDetected');
    const { caller, session } = this.#context;
    const label = `call ${caller.callSid} barge-in`;
    this.#timer = session.services.clock.after(this.#options.interDigitTimeout * 1000, label, () =>
      this.#typed(this.#keys.enough ? 'dtmfDetected' : 'timeout'),
    );
  }

  #typed(reason: 'dtmfDetected' | 'timeout'): void {
    const { digits } = this.#keys;
    this.#timer?.cancel();
    this.#keys = new KeyInput(this.#options);
    this.#done({ reason, digits });
  }

  #done(result: Readonly<Record<string, unknown>>): void {
    if (!this.#options.sticky) this.stop();
    this.#tell(result);
  }

  #tell(result: Readonly<Record<string, unknown>>): void {
    const { actionHook } = this.#options;
    const { caller } = this.#context;
    if (actionHook === undefined) return;
    void askHook(this.#context, actionHook, result, undefined).then(({ next }) => {
      if (next !== undefined && caller.end === undefined) this.#application.replace(next);
    });
  }

  get #interruptible(): boolean {
    return interruptible.has(this.#application.verb());
  }

  #interrupt(): void {
    if (this.#interruptible) this.#application.interrupt();
  }
}
