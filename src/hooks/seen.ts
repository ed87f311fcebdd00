/** A hook as timelines and metrics see it. What hides its secrets runs when somebody looks, not while a call waits. */
import type { HookTrace } from '../base/index.ts';
import { traceable, traceableText } from './mask.ts';

/** A body: what it says, and its JSON where there is some; `size` of that. */
export type SeenBody = { readonly value: unknown; readonly text: string | undefined; readonly size: number };

type Facts = Omit<HookTrace, 'kind' | 'request' | 'requestText' | 'response' | 'responseText'>;

export class Seen implements HookTrace {
  readonly kind = 'hook';
  readonly at: number;
  readonly callSid: string;
  readonly url: string;
  readonly method: string;
  readonly type: string;
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly attempt: number;
  readonly error: string | undefined;
  readonly #asked: SeenBody;
  readonly #answered: SeenBody;

  constructor(facts: Facts, asked: SeenBody, answered: SeenBody) {
    this.at = facts.at;
    this.callSid = facts.callSid;
    this.url = facts.url;
    this.method = facts.method;
    this.type = facts.type;
    this.status = facts.status;
    this.durationMs = facts.durationMs;
    this.attempt = facts.attempt;
    this.error = facts.error;
    this.#asked = asked;
    this.#answered = answered;
  }

  get request(): unknown {
    return traceable(this.#asked.value, this.#asked.size);
  }

  get requestText(): string | undefined {
    return traceableText(this.#asked.text, this.#asked.size);
  }

  get response(): unknown {
    return traceable(this.#answered.value, this.#answered.size);
  }

  get responseText(): string | undefined {
    return traceableText(this.#answered.text, this.#answered.size);
  }
}
