/** transcribe: tells a hook what the caller says, until the call ends or the application is replaced. */
import type { TranscribeVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';
import { Transcription } from './transcription.ts';

export class TranscribeTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: TranscribeVerb;
  readonly #stopped: Promise<void>;
  #stop: () => void = () => {};

  constructor(context: TaskContext, verb: TranscribeVerb) {
    this.#context = context;
    this.#verb = verb;
    this.#stopped = new Promise((resolve) => (this.#stop = resolve));
  }

  /** Without a hook nobody would hear of it; without anybody who can hear, the next verb goes on. */
  async run(): Promise<Outcome> {
    const { enable, transcriptionHook, translationHook } = this.#verb;
    if (!enable || (transcriptionHook ?? translationHook) === undefined) return {};
    const { session, caller } = this.#context;
    const transcription = new Transcription(session, this.#verb, [{ leg: caller, channel: 1 }]);
    await Promise.race([this.#stopped, transcription.whenFailed]);
    await transcription.close();
    return {};
  }

  stop(): void {
    this.#stop();
  }
}
