/** hangup: BYE, with headers of the application's own. */
import type { HangupVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class HangupTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: HangupVerb;

  constructor(context: TaskContext, verb: HangupVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  run(): Promise<Outcome> {
    const headers = Object.entries(this.#verb.headers);
    this.#context.caller.hangup({ by: 'script', reason: 'hangup verb' }, { headers });
    return Promise.resolve({});
  }

  stop(): void {}
}
