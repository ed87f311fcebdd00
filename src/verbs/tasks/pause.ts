/** pause: waits, silent. */
import type { Timer } from '../../base/index.ts';
import type { PauseVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class PauseTask implements Task {
  readonly #context: TaskContext;
  readonly #ms: number;
  #timer: Timer | undefined;
  #done: (() => void) | undefined;

  constructor(context: TaskContext, verb: PauseVerb) {
    this.#context = context;
    this.#ms = verb.length * 1000;
  }

  run(): Promise<Outcome> {
    const { clock } = this.#context.session.services;
    return new Promise((resolve) => {
      this.#done = () => resolve({});
      this.#timer = clock.after(this.#ms, `call ${this.#context.caller.callSid} pause`, this.#done);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#done?.();
  }
}
