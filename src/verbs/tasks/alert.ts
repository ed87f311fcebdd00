/** alert: raises an alert of the account, `alert-from-application`. */
import type { AlertVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class AlertTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: AlertVerb;

  constructor(context: TaskContext, verb: AlertVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  run(): Promise<Outcome> {
    const { session, caller } = this.#context;
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: caller.callSid,
      type: 'alert-from-application',
      message: this.#verb.message,
    });
    return Promise.resolve({});
  }

  stop(): void {}
}
