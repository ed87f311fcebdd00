/** Sends hooks: builds and signs the request, sends it over pooled connections, tries again where the URL asks for it,
 * traces each attempt, raises the alert of a fault. */
import { Agent, Client, type Dispatcher } from 'undici';
import type { Clock, HookTrace, Random, TraceChannel } from '../base/index.ts';
import type { Alerts, AppContext, HookAnswer, HookFault, HookRef } from '../ports/index.ts';
import { raiseFault } from './alert-types.ts';
import { interpret } from './answer.ts';
import { Connections, type ConnectionOptions } from './connections.ts';
import { type Destination, Places } from './destination.ts';
import { type Broken, Exchange, type Limits, type Owner, type Received } from './exchange.ts';
import { traceable } from './mask.ts';
import { eventHeaders, type Letter, type Sender, traceIdOf, write } from './letter.ts';
import { retryCause, retryDelay } from './retry.ts';
import { Signers } from './signature.ts';

export type ClientOptions = ConnectionOptions & {
  readonly clock: Clock;
  readonly random: Random;
  readonly alerts: Alerts;
  readonly trace: TraceChannel;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly connectionsPerOrigin: number;
};

/** A hook to be sent. */
export type Job = {
  readonly sender: Sender;
  readonly hook: HookRef;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Does the caller read the answer's body? */
  readonly reads: boolean;
};

export class HookClient implements Owner {
  readonly places: Places;
  readonly #options: ClientOptions;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly alerts: Alerts;
  readonly #agent: Agent;
  readonly #live = new Set<Exchange>();
  readonly #pauses = new Set<() => void>();
  readonly #signers = new Signers();
  #ended = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.places = new Places({ allowPrivate: options.allowPrivate });
    this.clock = options.clock;
    this.alerts = options.alerts;
    this.connections = new Connections(options);
    this.#agent = new Agent({ ...this.#clientOptions(), connections: options.connectionsPerOrigin });
  }

  /** Works out once what all hooks of a link share. */
  sender(context: AppContext): Sender {
    const { timeoutMs, maxBytes } = this.#options;
    const limits = { timeoutMs, maxBytes, label: `hook ${context.callSid} timeout` };
    return { context, limits, signer: this.#signers.of(context.webhookSecret), trace: traceIdOf(context.traceId) };
  }

  /** Sends until answered or given up. A fault has raised its alert by then. Never rejects. */
  async send(job: Job): Promise<HookAnswer> {
    const place = this.places.destination(job.hook, job.sender.context.base);
    const answer =
      'refused' in place
        ? this.#traced(job, place.url, { ok: false, kind: place.refused, url: place.url, message: place.message })
        : await this.#deliver(job, place);
    if (!answer.ok) raiseFault(this.alerts, job.sender.context, job.type, answer);
    return answer;
  }

  async #deliver(job: Job, place: Destination): Promise<HookAnswer> {
    const letter = write(place, job.payload, this.#options.random.uuid());
    if ('message' in letter) return { ok: false, kind: 'too-large', url: place.url, message: letter.message };
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attempt(job, place, letter, attempt);
      if (answer.ok) return answer;
      const cause = retryCause(answer);
      if (attempt >= place.retry.count || cause === undefined || !place.retry.causes.has(cause)) return answer;
      await this.#pause(retryDelay(attempt + 1), `hook ${job.sender.context.callSid} retry`);
    }
  }

  async #attempt(job: Job, place: Destination, letter: Letter, attempt: number): Promise<HookAnswer> {
    const { clock, userAgent } = this.#options;
    const at = clock.now();
    const began = clock.monotonic();
    const request = {
      origin: place.origin,
      path: letter.path,
      method: place.method,
      headers: eventHeaders({ sender: job.sender, place, letter, userAgent, at }),
      body: letter.body ?? null,
    };
    const result = await this.exchange(request, job.sender.limits);
    const answer = 'fault' in result ? broken(result, place.url) : interpret(result, place.url, job.reads);
    this.#trace(job, answer, {
      at,
      attempt,
      method: place.method,
      durationMs: clock.monotonic() - began,
      letter,
      result,
    });
    return answer;
  }

  /** One request on a pooled connection; once more on a fresh one when the pooled one turned out to be dead. */
  async exchange(request: Dispatcher.DispatchOptions, limits: Limits): Promise<Received | Broken> {
    const result = await this.#once(this.#agent, request, limits);
    if (!('fault' in result) || !result.stale) return result;
    const fresh = new Client(request.origin ?? '', this.#clientOptions());
    const second = await this.#once(fresh, request, limits);
    void fresh.destroy();
    return second;
  }

  #once(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, limits: Limits): Promise<Received | Broken> {
    return new Promise((resolve) => {
      if (this.#ended)
        return resolve({ fault: 'closed', message: 'the server is stopping', status: undefined, stale: false });
      const exchange = new Exchange(this, limits, resolve);
      this.#live.add(exchange);
      try {
        dispatcher.dispatch(request, exchange);
      } catch (fault) {
        // undici throws for what it cannot write, such as a path with a blank.
        exchange.abort('bad-url', fault instanceof Error ? fault.message : String(fault));
      }
    });
  }

  /** An exchange says that it is over. */
  settled(exchange: Exchange): void {
    this.#live.delete(exchange);
  }

  #pause(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.after(ms, label, end);
      if (this.#ended) end();
      else this.#pauses.add(end);
    });
  }

  #clientOptions(): Client.Options {
    return {
      connect: this.connections.connect,
      pipelining: 1,
      keepAliveTimeout: 4000,
      // However long the server offers: a name is looked up anew with each connection.
      keepAliveMaxTimeout: 60_000,
      // The exchange has its own timer over the whole answer.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 16 * 1024,
    };
  }

  #traced(job: Job, url: string, answer: HookFault): HookFault {
    const at = this.#options.clock.now();
    const letter = { path: url, body: undefined, size: 0, query: '', eventId: '' };
    this.#trace(job, answer, { at, attempt: 0, method: 'POST', durationMs: 0, letter, result: undefined });
    return answer;
  }

  #trace(
    job: Job,
    answer: HookAnswer,
    seen: {
      at: number;
      attempt: number;
      method: string;
      durationMs: number;
      letter: Letter;
      result: Received | Broken | undefined;
    },
  ): void {
    const size = seen.result !== undefined && 'body' in seen.result ? seen.result.body.length : 0;
    const { body } = seen.letter;
    const request = traceable(job.payload, seen.letter.size);
    this.publish({
      kind: 'hook',
      at: seen.at,
      callSid: job.sender.context.callSid,
      url: answer.url,
      method: seen.method,
      type: job.type,
      status: answer.status,
      durationMs: seen.durationMs,
      attempt: seen.attempt,
      request,
      // The body that was sent is the trace's text, too, where nothing had to be hidden in it.
      ...(body !== undefined && request === job.payload && { requestText: body }),
      response: answer.ok ? traceable(answer.body, size) : undefined,
      error: answer.ok ? undefined : `${answer.kind}: ${answer.message}`,
    });
  }

  publish(trace: HookTrace): void {
    this.#options.trace.publish(trace);
  }

  /** What a WebSocket handshake carries beside its own headers. The signature is over `<t>.<path and query>`. */
  handshakeHeaders(context: AppContext, place: Destination): Record<string, string> {
    const seconds = Math.floor(this.clock.now() / 1000);
    const signature = this.#signers.of(context.webhookSecret).sign(seconds, place.path);
    return {
      'user-agent': this.#options.userAgent,
      'graine-signature': signature,
      'jambonz-signature': signature,
      ...(place.authorization !== undefined && { authorization: place.authorization }),
    };
  }

  /** Ends everything at once: what still runs is answered `closed`. */
  async close(): Promise<void> {
    this.#ended = true;
    for (const exchange of this.#live) exchange.abort('closed', 'the server is stopping');
    for (const end of this.#pauses) end();
    await this.#agent.destroy();
  }
}

export function broken({ fault, message, status }: Broken, url: string): HookFault {
  return { ok: false, kind: fault, url, message, ...(status !== undefined && { status }) };
}
