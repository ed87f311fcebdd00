/** redirect: asks another hook for a new application; statusHook, when given, takes over the status callbacks. */
import { callInfo } from '../../call/index.ts';
import type { RedirectVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class RedirectTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: RedirectVerb;

  constructor(context: TaskContext, verb: RedirectVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    const { session, caller, background } = this.#context;
    const { actionHook, statusHook, id } = this.#verb;
    if (statusHook !== undefined) session.statusHook = statusHook;
    const body = { ...callInfo(caller), ...(id === undefined ? {} : { verb_id: id }) };
    // A callee that is being screened does not take the call's application with it.
    const type = caller === session.caller ? 'session:redirect' : 'verb:hook';
    return background.whileAsked(this.#context, {}, (patienceMs) =>
      session.link.request(actionHook, type, body, { patienceMs }),
    );
  }

  stop(): void {}
}
