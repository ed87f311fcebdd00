/** gather: a prompt, and the keys pressed during and after it; then tells its hook what came. reference.md 5. */
import type { Timer } from '../../base/index.ts';
import type { GatherVerb } from '../schema/schema.ts';
import { askHook, type Outcome, type Task, type TaskContext } from '../task.ts';
import { KeyInput } from './key-input.ts';
import { PlayTask } from './play.ts';
import { SayTask } from './say.ts';

/** What the actionHook is told. `stopped`: the call is over or the application was replaced, and nobody is told. */
type Ending = { readonly reason: 'dtmfDetected' | 'timeout'; readonly digits: string } | 'stopped';

export class GatherTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: GatherVerb;
  readonly #ended: Promise<Ending>;
  readonly #input: KeyInput;
  #settle: (ending: Ending) => void = () => {};
  /** prompting: the prompt is heard. waiting: it is over. complete: all keys are there, but it may not be cut short. */
  #phase: 'idle' | 'prompting' | 'waiting' | 'complete' | 'over' = 'idle';
  #prompt: Task | undefined;
  #timer: Timer | undefined;

  constructor(context: TaskContext, verb: GatherVerb) {
    this.#context = context;
    this.#verb = verb;
    this.#input = new KeyInput(verb);
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
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
    const { actionHook, id } = this.#verb;
    if (ending === 'stopped') return {};
    caller.note('gather.ended', { reason: ending.reason, keys: ending.digits.length });
    if (actionHook === undefined) return {};
    const { reason, digits } = ending;
    // A time-out says what was pressed only where something was.
    const body = reason === 'timeout' && digits === '' ? { reason } : { reason, digits };
    return askHook(this.#context, actionHook, body, id);
  }

  stop(): void {
    this.#end('stopped');
  }

  /** Plays the prompt; time counts from its end. */
  async #ask(): Promise<void> {
    const { play, say } = this.#verb;
    const prompts: Task[] = [];
    if (say !== undefined) prompts.push(new SayTask(this.#context, say));
    if (play !== undefined) prompts.push(new PlayTask(this.#context, play));
    if (this.#phase === 'idle' && prompts.length > 0) this.#phase = 'prompting';
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

  #prompted(): void {
    if (this.#phase === 'complete') return this.#end({ reason: 'dtmfDetected', digits: this.#input.digits });
    // A key has ended the prompt, and counts by itself.
    if (this.#phase !== 'idle' && this.#phase !== 'prompting') return;
    this.#phase = 'waiting';
    this.#wait();
  }

  #pressed(digit: string): void {
    if (this.#phase === 'over' || this.#phase === 'complete') return;
    const { dtmfBargein, input } = this.#verb;
    if (!input.includes('digits')) return;
    const complete = this.#input.press(digit) === 'complete';
    if (this.#phase === 'prompting' && !dtmfBargein) {
      if (complete) this.#phase = 'complete';
      return;
    }
    if (complete) return this.#end({ reason: 'dtmfDetected', digits: this.#input.digits });
    this.#phase = 'waiting';
    this.#prompt?.stop();
    this.#wait();
  }

  /** Counts anew: from the end of the prompt, then from each key. */
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
    this.#end({ reason: this.#input.enough ? 'dtmfDetected' : 'timeout', digits: this.#input.digits });
  }

  #end(ending: Ending): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#timer?.cancel();
    this.#prompt?.stop();
    this.#settle(ending);
  }
}
