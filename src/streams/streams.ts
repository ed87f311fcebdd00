/** The main thread's end of the streams thread: commands over, reports back. The thread begins with the first listener. */
import type { Worker } from 'node:worker_threads';
import { type Clock, Emitter, type Log, spawnWorker } from '../base/index.ts';
import type { StreamFlow, StreamOptions, Streams, TapRate } from '../ports/index.ts';
import type { Command, Report } from './protocol.ts';

const END_MS = 5000;

export class StreamService implements Streams {
  readonly events: Streams['events'] = new Emitter();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Set<string>();
  #thread: Worker | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  open(stream: string, options: StreamOptions): void {
    this.#thread ??= this.#start();
    this.#open.add(stream);
    this.#send({ do: 'open', stream, options });
  }

  feed(stream: string, rate: TapRate, memory: SharedArrayBuffer | undefined): void {
    this.#send({ do: 'feed', stream, rate, memory });
  }

  setFlow(stream: string, flow: StreamFlow): void {
    this.#send({ do: 'flow', stream, flow });
  }

  sendText(stream: string, text: string): void {
    this.#send({ do: 'text', stream, text });
  }

  close(stream: string): void {
    this.#send({ do: 'close', stream });
  }

  stats(): { streams: number } {
    return { streams: this.#open.size };
  }

  closeAll(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return this.#gone;
    this.#send({ do: 'end' });
    // It takes a goodbye's time; a thread that hangs must not keep the server.
    const force = this.#clock.after(END_MS, 'streams end', () => void thread.terminate());
    return this.#gone.then(() => force.cancel());
  }

  #send(command: Command): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#thread?.postMessage(command);
  }

  #start(): Worker {
    const thread = spawnWorker(import.meta.url, './worker.ts', { name: 'streams' });
    thread.on('message', (report: Report) => this.#take(report));
    thread.on('error', (fault) => this.#log.error({ fault }, 'the streams thread failed'));
    this.#gone = new Promise((resolve) => {
      thread.once('exit', () => {
        this.#lost(thread);
        resolve();
      });
    });
    return thread;
  }

  #take(report: Report): void {
    const { stream } = report;
    switch (report.say) {
      case 'connected':
        return this.events.emit('connected', stream, report.connection);
      case 'interrupted':
        return this.events.emit('interrupted', stream, report.why, report.retryMs);
      case 'dropping':
        return this.events.emit('dropping', stream, report.droppedMs);
      case 'refused':
        return this.events.emit('refused', stream, report.why);
      case 'feedWanted':
        return this.events.emit('feedWanted', stream, report.rate);
      case 'ended':
        this.#open.delete(stream);
        return this.events.emit('ended', stream, report.end, report.why, report.figures);
    }
  }

  /** The thread is gone: its streams are over, the next one gets a new thread. */
  #lost(thread: Worker): void {
    if (this.#thread === thread) this.#thread = undefined;
    const none = { frames: 0, bytes: 0, droppedMs: 0, connections: 0, commands: 0, refused: 0 };
    for (const stream of this.#open) this.events.emit('ended', stream, 'lost', 'the streams thread ended', none);
    this.#open.clear();
  }
}

export function createStreams(options: { clock: Clock; log: Log }): Streams {
  return new StreamService(options);
}
