/** tag: replaces customerData, which all later hooks of the call carry. */
import type { TagVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class TagTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: TagVerb;

  constructor(context: TaskContext, verb: TagVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  run(): Promise<Outcome> {
    this.#context.caller.tag = this.#verb.data;
    return Promise.resolve({});
  }

  stop(): void {}
}
