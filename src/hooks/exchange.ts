/** One HTTP request and its answer, bounded in time and bytes. A handler of undici's dispatch: no promise, no stream, no
 * abort signal a request. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Clock, messageOf, type Timer } from '../base/index.ts';
import type { HookFault } from '../ports/index.ts';
import { AddressRefused, type Connections } from './connections.ts';

export type Received = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};
export type Broken = {
  readonly fault: HookFault['kind'];
  readonly message: string;
  readonly status: number | undefined;
  /** The connection had stood idle and closed without a byte of answer: asking again on a fresh one is safe. */
  readonly stale: boolean;
};

export type ExchangeOptions = {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly label: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
};

const nothing = Buffer.alloc(0);

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #mark: number;
  readonly #timer: Timer;
  #done: ((result: Received | Broken) => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** `done` is called once, whatever happens. */
  constructor(options: ExchangeOptions, done: (result: Received | Broken) => void) {
    this.#options = options;
    this.#done = done;
    this.#mark = options.connections.mark();
    this.#timer = options.clock.after(options.timeoutMs, options.label, () => {
      this.abort('timeout', `no complete answer within ${options.timeoutMs} ms`);
    });
  }

  /** Gives up: the connection is closed, the caller is told. */
  abort(fault: HookFault['kind'], message: string): void {
    if (this.#done === undefined) return;
    const controller = this.#controller;
    this.#settle({ fault, message, status: this.#status, stale: false });
    controller?.abort(new Error(message));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it still waited for a connection.
    if (this.#done === undefined) controller.abort(new Error('given up'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity')
      return this.abort(
        'not-json',
        `content-encoding ${String(coding).slice(0, 40)} although only identity was asked for`,
      );
    if (Number(headers['content-length']) > this.#options.maxBytes) this.#tooLarge();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBytes) this.#tooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first = nothing] = this.#chunks;
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks, this.#bytes) : first;
    this.#settle({ status: this.#status ?? 0, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const status = this.#status;
    const refused = error instanceof AddressRefused;
    const stale = status === undefined && this.#options.connections.wasIdle(this.#mark);
    this.#settle({ fault: refused ? 'address-refused' : 'connection', message: reason(error), status, stale });
  }

  #tooLarge(): void {
    this.abort('too-large', `the answer is larger than ${this.#options.maxBytes} bytes`);
  }

  #settle(result: Received | Broken): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#controller = undefined;
    this.#chunks = [];
    this.#timer.cancel();
    done(result);
  }
}

/** Node hides the reasons of several failed addresses in an AggregateError without message. */
function reason(error: Error): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(inner) || error.name;
}
