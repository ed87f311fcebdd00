import type { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/index.ts';
import { startThread } from '../thread.ts';
import { SharedSound } from './shared-sound.ts';

export type LoadRequest = {
  readonly ask: number;
  readonly path: string;
  readonly rate: number;
  /** The memory of the Arrival of a file that is still coming in. */
  readonly arriving: SharedArrayBuffer | undefined;
};
export type LoadReply = {
  readonly ask: number;
  readonly memory: SharedArrayBuffer | undefined;
  readonly error: string | undefined;
};
export type ReaderSetup = { readonly pulse: SharedArrayBuffer };

/** Where a sound lies, and how far it has come if it is still coming. */
export type SoundFile = { readonly path: string; readonly arriving?: SharedArrayBuffer };
export type Loaded = { readonly sound: SharedSound } | { readonly error: string };

/** A decoder that shows no life for so long while there is work is ended: a file made to hang it, or a dead disk. */
const HUNG_MS = 20_000;
const LOOK_MS = 5000;

/** The sounds of files. They are decoded in a thread of their own, so that neither packets nor recordings wait for it;
 * a sound may be played while the rest of it is still being decoded. The thread starts with the first file. */
export class Library {
  readonly #clock: Clock;
  readonly #asks = new Map<number, (loaded: Loaded) => void>();
  readonly #growing = new Set<SharedSound>();
  readonly #pulse = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #watch: Timer | undefined;
  #ask = 0;
  #beat = 0;
  #stillMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A file as mono at `rate` Hz, once its beginning is decoded, or what is wrong with it. */
  load({ path, arriving }: SoundFile, rate: number): Promise<Loaded> {
    return new Promise((resolve) => {
      const ask = ++this.#ask;
      this.#asks.set(ask, resolve);
      this.#thread ??= this.#start();
      const request: LoadRequest = { ask, path, rate, arriving };
      this.#thread.postMessage(request, []);
      this.#keepWatch();
    });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#gone(thread, 'the media engine is closed');
    await thread?.terminate();
  }

  #start(): Worker {
    const workerData: ReaderSetup = { pulse: this.#pulse.buffer as SharedArrayBuffer };
    const thread = startThread('./files/reader.ts', { name: 'media sounds', workerData });
    thread.on('message', (reply: LoadReply) => this.#take(reply));
    thread.on('error', (fault) => this.#gone(thread, String(fault)));
    thread.on('exit', () => this.#gone(thread, 'the thread that decodes sounds ended'));
    return thread;
  }

  #take({ ask, memory, error }: LoadReply): void {
    const answer = this.#asks.get(ask);
    this.#asks.delete(ask);
    if (memory === undefined) return answer?.({ error: error ?? 'it cannot be decoded' });
    const sound = new SharedSound(memory);
    if (!sound.ended) this.#growing.add(sound);
    answer?.({ sound });
  }

  #keepWatch(): void {
    if (this.#watch !== undefined) return;
    this.#beat = Atomics.load(this.#pulse, 0);
    this.#stillMs = 0;
    this.#watch = this.#clock.every(LOOK_MS, 'media sounds watch', () => this.#look());
  }

  #look(): void {
    for (const sound of this.#growing) if (sound.ended) this.#growing.delete(sound);
    const idle = this.#asks.size + this.#growing.size === 0;
    const beat = Atomics.load(this.#pulse, 0);
    this.#stillMs = beat === this.#beat ? this.#stillMs + LOOK_MS : 0;
    this.#beat = beat;
    if (idle) return this.#sleep();
    if (this.#stillMs < HUNG_MS) return;
    const thread = this.#thread;
    this.#gone(thread, `the decoder stood still for ${HUNG_MS / 1000} s`);
    void thread?.terminate();
  }

  #sleep(): void {
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  #gone(thread: Worker | undefined, why: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#sleep();
    for (const answer of this.#asks.values()) answer({ error: why });
    this.#asks.clear();
    // Whoever plays one of these must not wait for a rest that never comes.
    for (const sound of this.#growing) sound.end(why);
    this.#growing.clear();
  }
}
