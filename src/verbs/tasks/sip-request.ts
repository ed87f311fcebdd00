/** sip:request: one request inside the caller's dialog; its hook is told what the far end answered. */
import { sendSipRequest } from '../../call/index.ts';
import type { SipRequestVerb } from '../schema/schema.ts';
import { askNext, type Outcome, type Task, type TaskContext } from '../task.ts';

export class SipRequestTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: SipRequestVerb;

  constructor(context: TaskContext, verb: SipRequestVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    const { actionHook } = this.#verb;
    const sent = await sendSipRequest(this.#context.caller, this.#verb);
    if (!sent.ok) this.#context.caller.note('verb.failed', { verb: 'sip:request', reason: sent.fault });
    if (actionHook === undefined) return {};
    const body = sent.ok
      ? { result: sent.status < 300 ? 'success' : 'failed', sip_status: sent.status, sip_reason: sent.reason }
      : { result: 'failed', err: sent.fault };
    return askNext(this.#context, actionHook, body, this.#verb);
  }

  /** The far end's answer, or the lack of one, ends it: nothing to hurry. */
  stop(): void {}
}
