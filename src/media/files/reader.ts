/** Entry of the thread that decodes sounds to play. Files are decoded by turns, a piece each, so that a long one holds
 * nobody up; whoever asked is answered when the beginning is there. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, SystemClock } from '../../base/index.ts';
import { type Decoding, decodeSound, FileSource } from './decode.ts';
import type { LoadReply, LoadRequest, ReaderSetup } from './library.ts';
import { RateChange } from './resample.ts';
import { SharedSound } from './shared-sound.ts';

/** Decoded sounds kept, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** So much is there before it may be played: decoding is much faster than playing, but not for everybody at once. */
const LEAD_SECONDS = 2;
/** For one file, in time of this thread: an hour of MP3 takes half a minute, on a machine that has other things to do
 * some minutes. */
const MAX_WORK_MS = 600_000;

type Kept = { readonly stamp: string; readonly job: Job };

const port = parentPort!;
const clock = new SystemClock();
const pulse = new Int32Array((workerData as ReaderSetup).pulse);
const kept = new Map<string, Kept>();
const jobs = new Set<Job>();
let keptBytes = 0;
let turning = false;

// The decoder tells the console what is wrong with a file; its callers are told here.
// oxlint-disable-next-line no-console -- silences it, in this thread only
console.error = () => {};

/** One file on its way to be a sound. */
class Job {
  readonly sound: SharedSound;
  readonly #source: FileSource;
  readonly #decoding: Decoding;
  readonly #change: RateChange;
  readonly #asks: number[] = [];
  #workMs = 0;

  constructor(source: FileSource, decoding: Decoding, rate: number) {
    this.#source = source;
    this.#decoding = decoding;
    this.#change = new RateChange(decoding.rate, rate);
    this.sound = SharedSound.make(Math.ceil((decoding.length * rate) / decoding.rate) + 1, rate);
  }

  /** Answers when the beginning is there. */
  answer(ask: number): void {
    this.#asks.push(ask);
    this.#tell();
  }

  /** Decodes a piece. False when that was the last. */
  turn(): boolean {
    const began = performance.now();
    try {
      const samples = this.#decoding.next();
      this.sound.append(this.#change.push(samples ?? new Int16Array(0), samples === undefined));
      this.#workMs += performance.now() - began;
      if (samples === undefined) this.#end(false);
      else if (this.#workMs > MAX_WORK_MS) this.#end(true);
    } catch {
      // What came before the damage is played.
      this.#end(true);
    }
    this.#tell();
    return !this.sound.ended;
  }

  #end(broken: boolean): void {
    this.sound.end(broken);
    this.#decoding.close();
    this.#source.close();
  }

  #tell(): void {
    const { sound } = this;
    if (!sound.ended && sound.ready < sound.rate * LEAD_SECONDS) return;
    const empty = sound.ready === 0;
    for (const ask of this.#asks.splice(0))
      reply({ ask, memory: empty ? undefined : sound.memory, error: empty ? 'no sound in it' : undefined });
  }
}

function reply(message: LoadReply): void {
  port.postMessage(message);
}

/** A file is decoded once as long as it stays the same and is not pushed out by others. */
async function load({ ask, path, rate }: LoadRequest): Promise<void> {
  let source: FileSource | undefined;
  try {
    source = new FileSource(path);
    const key = `${rate} ${path}`;
    const known = kept.get(key);
    if (known?.stamp === source.stamp) {
      source.close();
      return known.job.answer(ask);
    }
    const job = new Job(source, await decodeSound(source), rate);
    keep(key, { stamp: source.stamp, job });
    jobs.add(job);
    job.answer(ask);
    turn();
  } catch (fault) {
    source?.close();
    reply({ ask, memory: undefined, error: messageOf(fault) });
  }
}

function keep(key: string, entry: Kept): void {
  drop(key);
  kept.set(key, entry);
  keptBytes += entry.job.sound.memory.byteLength;
  for (const oldest of kept.keys()) {
    if (keptBytes <= MAX_KEPT_BYTES || oldest === key) break;
    drop(oldest);
  }
}

function drop(key: string): void {
  keptBytes -= kept.get(key)?.job.sound.memory.byteLength ?? 0;
  kept.delete(key);
}

/** One piece of every file, then whatever else came, and again. */
function turn(): void {
  if (turning || jobs.size === 0) return;
  turning = true;
  clock.after(0, 'media sounds turn', () => {
    turning = false;
    for (const job of jobs) {
      Atomics.add(pulse, 0, 1);
      if (!job.turn()) jobs.delete(job);
    }
    turn();
  });
}

port.on('message', (request: LoadRequest) => {
  Atomics.add(pulse, 0, 1);
  void load(request);
});
