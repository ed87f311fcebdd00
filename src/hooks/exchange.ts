/** One HTTP request and its answer, bounded in time and bytes. A handler of undici's dispatch: no promise, no stream, no
 * abort signal a request. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type Clock, messageOf, printable, type Timer } from '../base/index.ts';
import type { FetchInto, FileSink, HookFault } from '../ports/index.ts';
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

export type Limits = {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Of the timer. */
  readonly label: string;
  /** Takes the body of a 200 as it comes. */
  readonly into?: FetchInto;
};
/** Whose exchange it is; `settled` is told when it is over. */
export type Owner = {
  readonly clock: Clock;
  readonly connections: Connections;
  settled(exchange: Exchange): void;
};

const nothing = Buffer.alloc(0);
const noHeaders: IncomingHttpHeaders = {};

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #owner: Owner;
  readonly #limits: Limits;
  readonly #mark: number;
  #timer: Timer;
  #sink: FileSink | undefined;
  /** When the body began, and when the last of it came. */
  #begunAt = 0;
  #lastAt = 0;
  #done: ((result: Received | Broken) => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #headers: IncomingHttpHeaders = noHeaders;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** `done` is called once, whatever happens. */
  constructor(owner: Owner, limits: Limits, done: (result: Received | Broken) => void) {
    this.#owner = owner;
    this.#limits = limits;
    this.#done = done;
    this.#mark = owner.connections.mark();
    this.#timer = owner.clock.after(limits.timeoutMs, limits.label, () => {
      this.abort('timeout', `no complete answer within ${limits.timeoutMs} ms`);
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
    // Given up while it still waited for a connection. Thrown, since an abort here would cost the connection.
    if (this.#done === undefined) throw new Error('given up before it was sent');
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity')
      return this.abort(
        'not-json',
        `content-encoding ${printable(String(coding), 40)} although only identity was asked for`,
      );
    if (Number(headers['content-length']) > this.#limits.maxBytes) return this.#tooLarge();
    if (status === 200 && this.#limits.into !== undefined) this.#stream(this.#limits.into, headers);
  }

  #stream({ sink, idleMs }: FetchInto, headers: IncomingHttpHeaders): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#sink = sink;
    this.#begunAt = this.#owner.clock.monotonic();
    this.#lastAt = this.#begunAt;
    this.#timer.cancel();
    this.#watch(idleMs);
    const bytes = /^\d{1,15}$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : undefined;
    sink.begin(
      {
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        abort: (why) => this.abort('closed', why),
      },
      bytes,
    );
  }

  /** Looks when the body could be overdue: no timer is moved for each piece of it. */
  #watch(ms: number): void {
    const { clock } = this.#owner;
    this.#timer = clock.after(ms, this.#limits.label, () => {
      const { idleMs, wholeMs } = this.#limits.into!;
      const now = clock.monotonic();
      const left = Math.min(this.#lastAt + idleMs, this.#begunAt + wholeMs) - now;
      if (left > 0) return this.#watch(left);
      const idle = now - this.#lastAt >= idleMs;
      this.abort('timeout', idle ? `nothing more came for ${idleMs} ms` : `it took longer than ${wholeMs} ms`);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#done === undefined) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.maxBytes) return this.#tooLarge();
    if (this.#sink === undefined) {
      this.#chunks.push(chunk);
      return;
    }
    this.#lastAt = this.#owner.clock.monotonic();
    this.#sink.data(chunk);
  }

  onResponseEnd(): void {
    const [first = nothing] = this.#chunks;
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks, this.#bytes) : first;
    this.#settle({ status: this.#status ?? 0, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const status = this.#status;
    const refused = error instanceof AddressRefused;
    const stale = status === undefined && this.#owner.connections.wasIdle(this.#mark);
    this.#settle({ fault: refused ? 'address-refused' : 'connection', message: reason(error), status, stale });
  }

  #tooLarge(): void {
    this.abort('too-large', `the answer is larger than ${this.#limits.maxBytes} bytes`);
  }

  #settle(result: Received | Broken): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#controller = undefined;
    this.#sink = undefined;
    this.#chunks = [];
    this.#timer.cancel();
    this.#owner.settled(this);
    done(result);
  }
}

/** Node hides the reasons of several failed addresses in an AggregateError without message. */
function reason(error: Error): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return printable(messageOf(inner) || error.name, 300);
}
