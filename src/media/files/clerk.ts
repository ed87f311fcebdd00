import type { Worker } from 'node:worker_threads';
import { startThread } from '../thread.ts';

export type DeskRequest =
  | { readonly kind: 'create'; readonly ask: number; readonly id: number; readonly path: string }
  | { readonly kind: 'append'; readonly id: number; readonly samples: Int16Array }
  | { readonly kind: 'finish'; readonly ask: number; readonly id: number }
  | { readonly kind: 'close' };

export type DeskReply =
  | { readonly kind: 'done'; readonly ask: number; readonly seconds: number; readonly error: string | undefined }
  | { readonly kind: 'written'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string };

/** Sound of one recording that may wait for the disk: some four minutes of stereo. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

type Answer = { readonly seconds?: number; readonly error: string | undefined };

/** Speaks with the thread that writes recordings, which starts with the first of them. */
export class Clerk {
  readonly #failed: (id: number, why: string) => void;
  readonly #asks = new Map<number, (answer: Answer) => void>();
  readonly #waiting = new Map<number, number>();
  #thread: Worker | undefined;
  #ask = 0;

  /** `failed`: a recording ended by itself. */
  constructor(failed: (id: number, why: string) => void) {
    this.#failed = failed;
  }

  /** Creates the file; the error when it cannot be. Sound may be appended from now on, without waiting for the answer. */
  create(id: number, path: string): Promise<string | undefined> {
    this.#waiting.set(id, 0);
    return new Promise((resolve) => {
      this.#post({
        kind: 'create',
        ask: this.#expect(({ error }) => {
          // Whoever waits here hears of it: `failed` is for recordings that had begun.
          if (error !== undefined) this.#waiting.delete(id);
          resolve(error);
        }),
        id,
        path,
      });
    });
  }

  append(id: number, samples: Int16Array): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || samples.length === 0) return;
    if (waiting > MAX_WAITING_BYTES) {
      this.#waiting.delete(id);
      void this.finish(id);
      return this.#failed(id, 'the disk is too slow');
    }
    this.#waiting.set(id, waiting + samples.byteLength);
    this.#post({ kind: 'append', id, samples });
  }

  /** Closes the file and says how long it is, seconds. */
  async finish(id: number): Promise<number> {
    this.#waiting.delete(id);
    return (await this.#request((ask) => ({ kind: 'finish', ask, id }))).seconds ?? 0;
  }

  /** Whatever was given is written first. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#post({ kind: 'close' });
    this.#thread = undefined;
    await new Promise<void>((resolve) => {
      thread.once('exit', () => resolve());
    });
  }

  #request(make: (ask: number) => DeskRequest): Promise<Answer> {
    return new Promise((resolve) => {
      this.#post(make(this.#expect(resolve)));
    });
  }

  #expect(heard: (answer: Answer) => void): number {
    this.#asks.set(++this.#ask, heard);
    return this.#ask;
  }

  #post(request: DeskRequest): void {
    this.#thread ??= this.#start();
    this.#thread.postMessage(request, []);
  }

  #start(): Worker {
    const thread = startThread('./files/desk.ts', { name: 'media files' });
    thread.on('message', (reply: DeskReply) => this.#take(reply));
    thread.on('error', (fault) => this.#gone(thread, String(fault)));
    thread.on('exit', () => this.#gone(thread, 'the file thread ended'));
    return thread;
  }

  #take(reply: DeskReply): void {
    if (reply.kind === 'written') {
      const waiting = this.#waiting.get(reply.id);
      if (waiting !== undefined) this.#waiting.set(reply.id, waiting - reply.bytes);
    } else if (reply.kind === 'failed') {
      if (this.#waiting.delete(reply.id)) this.#failed(reply.id, reply.why);
    } else {
      const answer = this.#asks.get(reply.ask);
      this.#asks.delete(reply.ask);
      answer?.(reply);
    }
  }

  #gone(thread: Worker, why: string): void {
    if (this.#thread === thread) this.#thread = undefined;
    for (const answer of this.#asks.values()) answer({ error: why });
    this.#asks.clear();
    for (const id of this.#waiting.keys()) if (this.#waiting.delete(id)) this.#failed(id, why);
  }
}
