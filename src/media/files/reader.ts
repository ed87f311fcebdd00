/** Entry of the thread that decodes sounds to play. Files are decoded by turns, a piece each, so that a long one holds
 * nobody up; whoever asked is answered when the beginning is there. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, SystemClock } from '../../base/index.ts';
import { type Decoding, decodeSound, FileSource } from './decode.ts';
import type { LoadReply, LoadRequest, ReaderSetup } from './library.ts';
import { RateChange } from './resample.ts';
import { SharedSound } from './shared-sound.ts';
import { SoundFault } from './wav.ts';

/** Decoded sounds kept, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** So much is there before it may be played: decoding is much faster than playing, but not for everybody at once. Of a
 * file that is still coming in less must do. */
const LEAD_SECONDS = 2;
const LEAD_ARRIVING_SECONDS = 0.5;
/** How often a file that is coming in is looked at. */
const LOOK_MS = 20;
/** For one file, in time of this thread: an hour of MP3 takes half a minute, on a machine that has other things to do
 * some minutes. */
const MAX_WORK_MS = 600_000;

type Kept = { readonly stamp: string; readonly job: Job };

const port = parentPort!;
const clock = new SystemClock();
const pulse = new Int32Array((workerData as ReaderSetup).pulse);
const kept = new Map<string, Kept>();
const jobs = new Set<Job>();
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

  /** Decodes a piece. `waits`: it has not come yet. */
  turn(): 'more' | 'waits' | 'over' {
    const began = performance.now();
    try {
      const samples = this.#decoding.next();
      this.sound.append(this.#change.push(samples ?? new Int16Array(0), samples === undefined));
      this.#workMs += performance.now() - began;
      if (samples === undefined) this.#end(this.#source.fault);
      else if (this.#workMs > MAX_WORK_MS) this.#end('it takes too long to decode');
      else if (samples.length === 0 && this.#source.growing) return 'waits';
    } catch (fault) {
      // What came before the damage is played.
      this.#end(fault instanceof SoundFault ? fault.message : 'it is damaged');
    }
    this.#tell();
    return this.sound.ended ? 'over' : 'more';
  }

  #end(fault: string | undefined): void {
    this.sound.end(fault);
    this.#decoding.close();
    this.#source.close();
  }

  #tell(): void {
    const { sound } = this;
    const lead = this.#source.growing ? LEAD_ARRIVING_SECONDS : LEAD_SECONDS;
    if (!sound.ended && sound.ready < sound.rate * lead) return;
    const error = sound.ready === 0 ? (sound.fault ?? 'no sound in it') : undefined;
    for (const ask of this.#asks.splice(0))
      reply({ ask, memory: error === undefined ? sound.memory : undefined, error });
  }
}

function reply(message: LoadReply): void {
  port.postMessage(message);
}

/** A file is decoded once as long as it stays the same and is not pushed out by others. */
async function load({ ask, path, rate, arriving }: LoadRequest): Promise<void> {
  let source: FileSource | undefined;
  try {
    source = new FileSource(path, arriving);
    const key = `${rate} ${path}`;
    const known = kept.get(key);
    if (known?.stamp === source.stamp) {
      source.close();
      return known.job.answer(ask);
    }
    const job = new Job(source, await begin(source), rate);
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
  kept.delete(key);
  kept.set(key, entry);
  let bytes = 0;
  for (const { job } of kept.values()) bytes += job.sound.bytes;
  for (const [oldest, { job }] of kept) {
    if (bytes <= MAX_KEPT_BYTES || oldest === key) break;
    bytes -= job.sound.bytes;
    kept.delete(oldest);
  }
}

/** One piece of every file, then whatever else came, and again; by and by where all of them wait for more. */
function turn(ms = 0): void {
  if (turning || jobs.size === 0) return;
  turning = true;
  clock.after(ms, 'media sounds turn', () => {
    turning = false;
    let pause = LOOK_MS;
    for (const job of jobs) {
      Atomics.add(pulse, 0, 1);
      const state = job.turn();
      if (state === 'over') jobs.delete(job);
      else if (state === 'more') pause = 0;
    }
    turn(pause);
  });
}

/** Decoding of a file, as soon as its beginning is there. */
async function begin(source: FileSource): Promise<Decoding> {
  for (;;) {
    const { growing, size } = source;
    try {
      return await decodeSound(source);
    } catch (fault) {
      if (!growing) throw source.fault === undefined ? fault : new SoundFault(source.fault);
    }
    do await pause();
    while (source.growing && source.size === size);
  }
}

function pause(): Promise<void> {
  Atomics.add(pulse, 0, 1);
  return new Promise((resolve) => {
    clock.after(LOOK_MS, 'media sounds arrival', resolve);
  });
}

port.on('message', (request: LoadRequest) => {
  Atomics.add(pulse, 0, 1);
  void load(request);
});
