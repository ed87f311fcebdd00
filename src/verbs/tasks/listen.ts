/** listen: sends the caller's sound to a WebSocket server until one of its ends, then tells its hook. */
import type { ListenVerb } from '../schema/schema.ts';
import { askNext, type Outcome, type Task, type TaskContext } from '../task.ts';
import { ListenRun } from './listen-run.ts';

export class ListenTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: ListenVerb;
  readonly #run: ListenRun;

  constructor(context: TaskContext, verb: ListenVerb) {
    this.#context = context;
    this.#verb = verb;
    this.#run = new ListenRun(context, verb, { leg: context.caller, described: context.caller });
  }

  async run(): Promise<Outcome> {
    await this.#run.run();
    const { actionHook } = this.#verb;
    return actionHook === undefined ? {} : askNext(this.#context, actionHook, this.#run.result(), this.#verb);
  }

  stop(): void {
    this.#run.stop();
  }
}
