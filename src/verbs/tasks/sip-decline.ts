/** sip:decline: a final response to a call nobody answered yet. */
import { InboundLeg } from '../../call/index.ts';
import type { SipDeclineVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

export class SipDeclineTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: SipDeclineVerb;

  constructor(context: TaskContext, verb: SipDeclineVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  run(): Promise<Outcome> {
    const { caller } = this.#context;
    const { status, reason, headers } = this.#verb;
    const given = Object.entries(headers);
    if (reason !== undefined) given.push(['X-Reason', reason.replace(/[\r\n\0]/g, ' ')]);
    if (caller instanceof InboundLeg) {
      const cause = { by: 'script', reason: `declined with ${status}` } as const;
      caller.reject({ status, as: 'failed', cause, headers: given, ...(reason === undefined ? {} : { reason }) });
    }
    return Promise.resolve({});
  }

  stop(): void {}
}
