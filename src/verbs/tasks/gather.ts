/** gather: a prompt, and the keys pressed and words said during and after it; then tells its hook what came. reference.md
 * 5. */
import type { Timer } from '../../base/index.ts';
import type { Transcript } from '../../ports/index.ts';
import type { GatherVerb } from '../schema/schema.ts';
import { askNext, type Outcome, type Task, type TaskContext } from '../task.ts';
import { KeyInput } from './key-input.ts';
import { PlayTask } from './play.ts';
import { SayTask } from './say.ts';
import { SpokenInput, wordsIn } from './spoken-input.ts';
import { speechOf } from './transcription.ts';

/** What the actionHook is told. */
type Result =
  | { readonly reason: 'dtmfDetected' | 'timeout'; readonly digits: string }
  | { readonly reason: 'speechDetected' | 'stt-low-confidence'; readonly said: Transcript }
  | { readonly reason: 'error'; readonly error: string };
/** `stopped`: the call is over or the application was replaced, and nobody is told. `next`: the partialResultHook has
 * decided what comes next. */
type Ending = Result | 'stopped' | { readonly next: unknown };

export class GatherTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: GatherVerb;
  readonly #ended: Promise<Ending>;
  readonly #input: KeyInput;
  readonly #spoken: SpokenInput | undefined;
  #settle: (ending: Ending) => void = () => {};
  /** prompting: the prompt is heard. waiting: it is over. complete: the result is there, but the prompt may not be cut
   * short. finishing: time is up in the middle of a sentence, and its words are waited for. */
  #phase: 'idle' | 'prompting' | 'waiting' | 'complete' | 'finishing' | 'over' = 'idle';
  #result: Result | undefined;
  #lastVoice: 'words' | 'wordless' | undefined;
  #prompt: Task | undefined;
  #timer: Timer | undefined;

  constructor(context: TaskContext, verb: GatherVerb) {
    this.#context = context;
    this.#verb = verb;
    this.#input = new KeyInput(verb);
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
    if (!verb.input.includes('speech')) return;
    this.#spoken = new SpokenInput(context, verb, {
      voice: (words) => this.#voice(words),
      said: (transcript) => this.#said(transcript),
      failed: (error) => this.#deaf(error),
      answered: (next) => this.#end({ next }),
    });
  }

  async run(): Promise<Outcome> {
    const { caller } = this.#context;
    const offs = [
      caller.events.on('digit', (digit) => this.#pressed(digit)),
      caller.events.on('ended', () => this.stop()),
    ];
    if (caller.end !== undefined) this.stop();
    void this.#ask();
    const ending = await this.#ended;
    for (const off of offs) off();
    if (ending === 'stopped') return {};
    if ('next' in ending) return ending;
    return this.#report(ending);
  }

  stop(): void {
    this.#end('stopped');
  }

  #report(result: Result): Promise<Outcome> | Outcome {
    const { actionHook } = this.#verb;
    this.#context.caller.note('gather.ended', { reason: result.reason, keys: this.#input.digits.length });
    return actionHook === undefined ? {} : askNext(this.#context, actionHook, bodyOf(result), this.#verb);
  }

  /** Plays the prompt; time counts from its end. */
  async #ask(): Promise<void> {
    const { play, say, listenDuringPrompt } = this.#verb;
    const prompts: Task[] = [];
    if (say !== undefined) prompts.push(new SayTask(this.#context, say));
    if (play !== undefined) prompts.push(new PlayTask(this.#context, play));
    if (this.#phase === 'idle' && prompts.length > 0) this.#phase = 'prompting';
    if (this.#isPrompting && listenDuringPrompt) this.#spoken?.start();
    for (const prompt of prompts) {
      if (!this.#isPrompting) break;
      this.#prompt = prompt;
      await prompt.run();
    }
    this.#prompted();
  }

  get #isPrompting(): boolean {
    return this.#phase === 'prompting' || this.#phase === 'complete';
  }

  /** What comes now is too late. */
  get #settled(): boolean {
    return this.#phase === 'over' || this.#phase === 'complete' || this.#phase === 'finishing';
  }

  #prompted(): void {
    if (this.#phase === 'complete' && this.#result !== undefined) return this.#end(this.#result);
    // A key or a voice has ended the prompt, and counts by itself.
    if (this.#phase !== 'idle' && this.#phase !== 'prompting') return;
    this.#phase = 'waiting';
    this.#wait();
    this.#spoken?.start();
  }

  #pressed(digit: string): void {
    if (this.#settled) return;
    const { dtmfBargein, input } = this.#verb;
    if (!input.includes('digits')) return;
    // Who types does not speak.
    this.#spoken?.close();
    const complete = this.#input.press(digit) === 'complete';
    if (complete) return this.#have({ reason: 'dtmfDetected', digits: this.#input.digits }, dtmfBargein);
    if (this.#phase === 'prompting' && !dtmfBargein) return;
    this.#interrupt();
  }

  #voice(words: number): void {
    const { bargein, minBargeinWordCount } = this.#verb;
    if (this.#phase === 'waiting') {
      // Noise that sounds like a voice gives more time once, words do each time.
      if (words > 0 || this.#lastVoice !== 'wordless') this.#wait();
      this.#lastVoice = words > 0 ? 'words' : 'wordless';
    } else if (this.#phase === 'prompting' && bargein && words >= minBargeinWordCount) this.#interrupt();
  }

  #said(said: Transcript): void {
    const { bargein, minBargeinWordCount, recognizer } = this.#verb;
    // Too few words to end the prompt are a murmur, not an answer.
    if (this.#phase === 'prompting' && bargein && wordsIn(said) < minBargeinWordCount) return;
    const least = Number(recognizer?.['minConfidence'] ?? 0) || 0;
    const sure = (said.alternatives[0]?.confidence ?? 0) >= least;
    this.#have({ reason: sure ? 'speechDetected' : 'stt-low-confidence', said }, bargein);
  }

  /** Keys may still come where they are an input. */
  #deaf(error: string): void {
    if (!this.#settled && !this.#verb.input.includes('digits')) this.#end({ reason: 'error', error });
  }

  /** `bargein`: it ends the prompt. */
  #have(result: Result, bargein: boolean): void {
    if (this.#phase === 'over' || this.#phase === 'complete') return;
    if (this.#phase !== 'prompting' || bargein) return this.#end(result);
    this.#result = result;
    this.#phase = 'complete';
  }

  #interrupt(): void {
    this.#phase = 'waiting';
    this.#prompt?.stop();
    this.#wait();
  }

  /** Counts anew: from the end of the prompt, then from each key and each sign of speech. */
  #wait(): void {
    const { timeout, interDigitTimeout } = this.#verb;
    const seconds = this.#input.digits === '' ? timeout : (interDigitTimeout ?? timeout);
    this.#timer?.cancel();
    if (seconds === undefined) return;
    const { caller, session } = this.#context;
    const label = `call ${caller.callSid} gather`;
    this.#timer = session.services.clock.after(seconds * 1000, label, () => this.#timedOut());
  }

  #timedOut(): void {
    const { digits, enough } = this.#input;
    const ending: Result = { reason: enough ? 'dtmfDetected' : 'timeout', digits };
    if (digits !== '' || this.#spoken?.speaking !== true) return this.#end(ending);
    this.#phase = 'finishing';
    void this.#spoken.finish().then(() => this.#end(ending));
  }

  #end(ending: Ending): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#timer?.cancel();
    this.#spoken?.close();
    this.#prompt?.stop();
    this.#settle(ending);
  }
}

function bodyOf(result: Result): Readonly<Record<string, unknown>> {
  const { reason } = result;
  if ('said' in result) return { reason, speech: speechOf(result.said, 1) };
  if ('error' in result) return { reason, details: { error: result.error } };
  // A time-out says what was pressed only where something was.
  return reason === 'timeout' && result.digits === '' ? { reason } : { reason, digits: result.digits };
}
