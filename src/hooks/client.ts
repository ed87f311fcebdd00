/** Sends hooks over pooled connections, traces each attempt, raises the alert of a fault. */
import { Agent, Client, type Dispatcher } from 'undici';
import type { Clock, HookTrace, Random, TraceChannel } from '../base/index.ts';
import type { Alerts, AppContext, HookAnswer } from '../ports/index.ts';
import { raiseFault } from './alert-types.ts';
import { Connections, type ConnectionOptions } from './connections.ts';
import { type Destination, Places } from './destination.ts';
import { type Broken, Exchange, type Limits, type Owner, type Received } from './exchange.ts';
import { type Sender, traceIdOf } from './letter.ts';
import { type Job, type Post, refused, type Request, Sending } from './sending.ts';
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

export class HookClient implements Owner, Post {
  readonly places: Places;
  readonly #options: ClientOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent: string;
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
    this.random = options.random;
    this.userAgent = options.userAgent;
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

  /** Sends until answered or given up; `done` is told once. A fault has raised its alert by then. */
  send(job: Job, done: (answer: HookAnswer) => void): void {
    const { context } = job.sender;
    const told = (answer: HookAnswer): void => {
      if (!answer.ok) raiseFault(this.alerts, context, job.type, answer);
      done(answer);
    };
    const place = this.places.destination(job.hook, context.base);
    if ('refused' in place) told(refused(this, job, place));
    else new Sending(this, job, place, told).start();
  }

  /** One request on a pooled connection; once more on a fresh one when the pooled one turned out to be dead. */
  ask(request: Request, limits: Limits, done: (result: Received | Broken) => void): void {
    this.#once(this.#agent, request, limits, (result) => {
      if (!('fault' in result) || !result.stale) return done(result);
      const fresh = new Client(request.origin, this.#clientOptions());
      return this.#once(fresh, request, limits, (second) => {
        void fresh.destroy();
        done(second);
      });
    });
  }

  // oxlint-disable-next-line max-params -- private
  #once(dispatcher: Dispatcher, request: Request, limits: Limits, done: (result: Received | Broken) => void): void {
    if (this.#ended)
      return done({ fault: 'closed', message: 'the server is stopping', status: undefined, stale: false });
    const exchange = new Exchange(this, limits, done);
    this.#live.add(exchange);
    try {
      dispatcher.dispatch(request, exchange);
    } catch (fault) {
      // undici throws for what it cannot write, such as a path with a blank.
      exchange.abort('bad-url', fault instanceof Error ? fault.message : String(fault));
    }
  }

  /** An exchange says that it is over. */
  settled(exchange: Exchange): void {
    this.#live.delete(exchange);
  }

  rest(ms: number, label: string, go: () => void): void {
    const end = (): void => {
      timer.cancel();
      this.#pauses.delete(end);
      go();
    };
    const timer = this.clock.after(ms, label, end);
    if (this.#ended) end();
    else this.#pauses.add(end);
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

  publish(trace: HookTrace): void {
    this.#options.trace.publish(trace);
  }

  /** What a WebSocket handshake carries beside its own headers. The signature is over `<t>.<path and query>`. */
  handshakeHeaders(context: AppContext, place: Destination): Record<string, string> {
    const seconds = Math.floor(this.clock.now() / 1000);
    const signature = this.#signers.of(context.webhookSecret).sign(seconds, place.path);
    return {
      'user-agent': this.userAgent,
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
