/** The recogniser that needs no network: Moonshine in a thread of its own, shared by all calls. Utterances wait in line,
 * finished ones before those still being spoken. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { type Clock, spawnWorker, type Timer } from '../../base/index.ts';
import type { HearingChoice } from '../../ports/index.ts';
import { type Ear, type EarVendor, VendorFault } from '../vendor.ts';
import { type Heard, UtteranceEar, type UtteranceHearer } from '../stt/utterance-ear.ts';
import type { HearReply, HearRequest } from './moonshine-worker.ts';

/** An utterance takes some 2 % of its length; the first waits for the model. */
const LIMIT_MS = 30_000;
const MOST_WAITING = 64;

type Job = {
  readonly id: number;
  readonly pcm: Int16Array;
  readonly final: boolean;
  readonly resolve: (heard: Heard) => void;
  readonly reject: (fault: VendorFault) => void;
};

/** The folder of the recogniser, beside the program; undefined when it is not there. */
export function findEars(folder = fileURLToPath(new URL('../../../ears', import.meta.url))): string | undefined {
  return existsSync(path.join(folder, 'tokens.json')) ? folder : undefined;
}

export class Moonshine implements EarVendor, UtteranceHearer {
  readonly name = 'moonshine';
  readonly interim = true;
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #jobs: Job[] = [];
  #worker: Worker | undefined;
  #current: Job | undefined;
  #limit: Timer | undefined;
  #id = 0;

  constructor(clock: Clock, folder: string) {
    this.#clock = clock;
    this.#folder = folder;
  }

  open(choice: HearingChoice): Ear {
    if (!this.speaks(choice.language))
      throw new VendorFault('unusable', `moonshine hears English only, not ${String(choice.language)}`);
    // The model loads before the first word comes.
    this.#worker ??= this.#start();
    return new UtteranceEar(this, choice);
  }

  speaks(language: string | undefined): boolean {
    return language === undefined || /^en\b/i.test(language);
  }

  /** One utterance, 16 kHz. What is not final yet gives way when there is a line. Rejects with a VendorFault. */
  hear(pcm: Int16Array, final: boolean): Promise<Heard> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length >= (final ? MOST_WAITING : MOST_WAITING / 8))
        return reject(new VendorFault('refused', 'moonshine has too many utterances waiting'));
      const job: Job = { id: ++this.#id, pcm, final, resolve, reject };
      const at = final ? this.#jobs.findIndex((each) => !each.final) : -1;
      if (at < 0) this.#jobs.push(job);
      else this.#jobs.splice(at, 0, job);
      return this.#next();
    });
  }

  async stop(): Promise<void> {
    for (const job of this.#jobs.splice(0)) job.reject(new VendorFault('stopped', 'the server is stopping'));
    this.#fail('the server is stopping');
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      worker.ref();
      worker.once('exit', () => resolve());
      worker.postMessage({ close: true } satisfies HearRequest, []);
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    this.#current = job;
    this.#worker ??= this.#start();
    this.#limit = this.#clock.after(LIMIT_MS, 'moonshine', () => this.#lost(`no words after ${LIMIT_MS} ms`));
    this.#worker.postMessage({ id: job.id, pcm: job.pcm } satisfies HearRequest, []);
  }

  #start(): Worker {
    const worker = spawnWorker(import.meta.url, './moonshine-worker.ts', { workerData: { folder: this.#folder } });
    worker.unref();
    worker.on('message', (reply: HearReply) => this.#settle(reply));
    worker.on('error', (fault) => {
      if (worker === this.#worker) this.#lost(fault.message);
    });
    return worker;
  }

  #settle(reply: HearReply): void {
    const job = this.#current;
    if (job?.id !== reply.id) return;
    if ('error' in reply) return this.#fail(reply.error);
    this.#current = undefined;
    this.#limit?.cancel();
    job.resolve(reply.heard);
    return this.#next();
  }

  /** The thread died or hangs: another takes over with what waits. */
  #lost(why: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#fail(why);
  }

  #fail(why: string): void {
    const job = this.#current;
    this.#current = undefined;
    this.#limit?.cancel();
    job?.reject(new VendorFault('garbage', `moonshine: ${why}`));
    this.#next();
  }
}
