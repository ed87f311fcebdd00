/** One hook on its way: built and signed, sent, tried again where its URL asks for it, until it is answered or given up. Told
 * by calls, not promises: what a hook costs is mostly what runs once a call, cold. */
import type { Clock, HookTrace, Random } from '../base/index.ts';
import type { Delivery, HookAnswer, HookFault, HookRef } from '../ports/index.ts';
import { interpret } from './answer.ts';
import type { Destination, Refusal } from './destination.ts';
import type { Broken, Limits, Received } from './exchange.ts';
import { eventHeaders, type Letter, type Sender, write } from './letter.ts';
import { retryCause, retryDelay } from './retry.ts';
import { Seen, type SeenBody } from './seen.ts';

/** A hook to be sent. */
export type Job = {
  readonly sender: Sender;
  readonly hook: HookRef;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Does the caller read the answer's body? */
  readonly reads: boolean;
  readonly delivery: Delivery;
};

/** As undici takes it. */
export type Request = {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: string[];
  readonly body: string | null;
};

/** Who sends. */
export interface Post {
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent: string;
  ask(request: Request, limits: Limits, done: (result: Received | Broken) => void): void;
  /** A pause before another attempt. */
  rest(ms: number, label: string, go: () => void): void;
  publish(trace: HookTrace): void;
}

export class Sending {
  readonly #post: Post;
  readonly #job: Job;
  readonly #place: Destination;
  readonly #done: (answer: HookAnswer) => void;
  #attempt = 0;
  /** When the present attempt began: by the clock on the wall, and for measuring. */
  #at = 0;
  #began = 0;

  /** `done` is called once, whatever happens. */
  constructor(post: Post, job: Job, place: Destination, done: (answer: HookAnswer) => void) {
    this.#post = post;
    this.#job = job;
    this.#place = place;
    this.#done = done;
  }

  start(): void {
    const { random } = this.#post;
    const letter = write(this.#place, this.#job.payload, this.#job.delivery.id ?? random.uuid());
    if ('message' in letter)
      return this.#done({ ok: false, kind: 'too-large', url: this.#place.url, message: letter.message });
    return this.#send(letter);
  }

  #send(letter: Letter): void {
    const { clock, userAgent } = this.#post;
    const { sender, delivery } = this.#job;
    const place = this.#place;
    this.#at = clock.now();
    this.#began = clock.monotonic();
    const request = {
      origin: place.origin,
      path: letter.path,
      method: place.method,
      headers: eventHeaders({ sender, place, letter, userAgent, at: this.#at }),
      body: letter.body ?? null,
    };
    const { limits } = sender;
    const { patienceMs = 0 } = delivery;
    const whole = patienceMs > limits.timeoutMs ? { ...limits, timeoutMs: patienceMs } : limits;
    this.#post.ask(request, whole, (result) => this.#answered(letter, result));
  }

  #answered(letter: Letter, result: Received | Broken): void {
    if ('fault' in result) return this.#judge(letter, broken(result, this.#place.url), nothing);
    const { answer, text } = interpret(result, this.#place.url, this.#job.reads);
    const body = { value: answer.ok ? answer.body : undefined, text, size: result.body.length };
    return this.#judge(letter, answer, body);
  }

  #judge(letter: Letter, answer: HookAnswer, body: SeenBody): void {
    const { retry } = this.#place;
    const cause = answer.ok ? undefined : retryCause(answer);
    this.#trace(letter, answer, body);
    if (this.#attempt >= retry.count || cause === undefined || !retry.causes.has(cause)) return this.#done(answer);
    this.#attempt++;
    const label = `hook ${this.#job.sender.context.callSid} retry`;
    return this.#post.rest(retryDelay(this.#attempt), label, () => this.#send(letter));
  }

  #trace(letter: Letter, answer: HookAnswer, body: SeenBody): void {
    const { clock } = this.#post;
    const facts = {
      at: this.#at,
      callSid: this.#job.sender.context.callSid,
      url: answer.url,
      method: this.#place.method,
      type: this.#job.type,
      status: answer.status,
      durationMs: clock.monotonic() - this.#began,
      attempt: this.#attempt,
      error: answer.ok ? undefined : `${answer.kind}: ${answer.message}`,
    };
    const asked = { value: this.#job.payload, text: letter.body, size: letter.size };
    this.#post.publish(new Seen(facts, asked, body));
  }
}

const nothing: SeenBody = { value: undefined, text: undefined, size: 0 };

/** A hook that goes nowhere: its trace, and its answer. */
export function refused(post: Post, job: Job, { refused: kind, url, message }: Refusal): HookFault {
  const { callSid } = job.sender.context;
  const error = `${kind}: ${message}`;
  const facts = { callSid, url, method: 'POST', type: job.type, status: undefined, durationMs: 0, attempt: 0, error };
  post.publish(new Seen({ ...facts, at: post.clock.now() }, { value: job.payload, text: undefined, size: 0 }, nothing));
  return { ok: false, kind, url, message };
}

export function broken({ fault, message, status }: Broken, url: string): HookFault {
  return { ok: false, kind: fault, url, message, ...(status !== undefined && { status }) };
}
