/** A verb that another process brought to its end: all that is left of it is the hook it asked, whose answer never came. It is
 * asked again, by the same id, so that an application that has answered knows it. docs/decisions/0024-told-once.md */
import type { Verb } from '../schema/schema.ts';
import { askNext, type Outcome, type OwedHook, type Task, type TaskContext, type TaskStanding } from '../task.ts';

export type Owed = OwedHook & { readonly verb: Verb };

export class OwedTask implements Task {
  readonly #context: TaskContext;
  readonly #owed: Owed;

  constructor(context: TaskContext, owed: Owed) {
    this.#context = context;
    this.#owed = owed;
  }

  run(): Promise<Outcome> {
    const { id, hook, body, verb } = this.#owed;
    return askNext(this.#context, hook, body, { delivery: { id, again: true }, ...verb });
  }

  standing(): TaskStanding {
    const { id, hook, body } = this.#owed;
    return { owed: { id, hook, body } };
  }

  /** Its answer counts no more: whoever stops it has something else to do. */
  stop(): void {
    this.#context.background.hush();
  }
}
