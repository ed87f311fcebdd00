import type { Worker } from 'node:worker_threads';
import { type Clock, GraineError } from '../../base/index.ts';
import type { WorkerLoad } from '../../ports/index.ts';
import { startThread } from '../thread.ts';
import { noPorts, portTaken, workerLost } from './faults.ts';
import { EffortReader } from './effort.ts';
import { Handles } from './handles.ts';
import { closeHandles, ringDoorbell } from './native.ts';
import { Outbox } from './outbox.ts';
import { PortPool } from './pool.ts';
import type { Answer, Command, Report, WorkerSetup } from './protocol.ts';

/** What a link tells its engine: everything but answers and the port book. */
export type LinkReport = Exclude<Report, { say: 'answer' | 'bound' | 'rested' | 'ready' }>;

export type LinkOptions = {
  readonly index: number;
  readonly clock: Clock;
  readonly setup: Omit<WorkerSetup, 'handles' | 'effort'>;
  readonly ports: readonly number[];
  readonly range: string;
  readonly report: (report: LinkReport) => void;
  readonly failedPorts: (ports: readonly number[], why: string) => void;
  /** It ended without being told to. */
  readonly died: (link: WorkerLink, why: string) => void;
};

/** Messages to a worker are kept this far apart: a wake-up costs more than the commands of several calls. */
const SPACING_MS = 15;

const WITHOUT_OPUS: readonly string[] = ['PCMU', 'PCMA', 'G722'];
const WITH_OPUS: readonly string[] = [...WITHOUT_OPUS, 'OPUS'];

type Ask = { readonly resolve: (answer: Answer) => void; readonly reject: (fault: Error) => void };

/** The main thread's end of one packet worker. */
export class WorkerLink {
  readonly index: number;
  readonly startedAt: number;
  /** Wire in use and why not a faster one; known once started. */
  wire = '';
  why = '';
  /** What it speaks; known once started. Opus is not offered where its library is missing. */
  codecs: readonly string[] = WITHOUT_OPUS;
  /** Names of the endpoints in it, by number. */
  readonly endpoints = new Map<number, string>();
  readonly pool: PortPool;
  readonly #options: LinkOptions;
  readonly #thread: Worker;
  readonly #outbox: Outbox<Command>;
  readonly #asks = new Map<number, Ask>();
  readonly #handles = Handles.for(32_768);
  readonly #effort: EffortReader;
  #loop: ReturnType<Worker['performance']['eventLoopUtilization']> | undefined;
  readonly #started: Promise<void>;
  readonly #exited: Promise<void>;
  #ask = 0;
  #begun: () => void = () => {};
  #fault = 'it ended';
  #over = false;

  constructor(options: LinkOptions) {
    this.index = options.index;
    this.#options = options;
    this.startedAt = options.clock.monotonic();
    this.#effort = new EffortReader(this.startedAt);
    const workerData: WorkerSetup = { ...options.setup, handles: this.#handles.memory, effort: this.#effort.memory };
    this.#thread = startThread('./embedded/worker.ts', { workerData, name: `media ${options.index}` });
    this.#outbox = new Outbox<Command>(options.clock, SPACING_MS, (commands) => this.#send(commands));
    this.pool = new PortPool(options.ports, (ports) => this.#outbox.hurry({ do: 'bind', ports }));
    this.#started = new Promise((resolve) => {
      this.#begun = resolve;
    });
    this.#exited = new Promise((resolve) => {
      this.#thread.once('exit', () => {
        this.#gone();
        resolve();
      });
    });
    this.#thread.on('error', (fault) => {
      this.#fault = fault instanceof Error ? fault.message : String(fault);
    });
    this.#thread.on('message', (reports: Report[]) => {
      for (const report of reports) this.#take(report);
    });
    this.pool.prepare();
  }

  get alive(): boolean {
    return !this.#over;
  }

  /** Why it is gone. */
  get fault(): string {
    return this.#fault;
  }

  /** Resolves when it takes packets, or when it has died trying. */
  get started(): Promise<void> {
    return Promise.race([this.#started, this.#exited]);
  }

  /** How hard it has worked since it was last asked. */
  load(): WorkerLoad {
    const load = this.#effort.read(this.#options.clock.monotonic());
    if (this.wire !== 'dgram') return load;
    // On its event loop Node knows best what is work and what is waiting.
    const now = this.#thread.performance.eventLoopUtilization();
    const { utilization } =
      this.#loop === undefined ? now : this.#thread.performance.eventLoopUtilization(now, this.#loop);
    this.#loop = now;
    return { busy: utilization, lateMs: load.lateMs };
  }

  /** Takes effect at once when there is little to do, else with the next batch: sooner than an ear can tell; or within `ms`. */
  post(command: Command, ms = 0): void {
    this.#outbox.add(command, ms);
  }

  /** Goes with the next batch that is sent for another reason. */
  hold(command: Command): void {
    this.#outbox.hold(command);
  }

  /** Asks; the question goes out at once, or within `ms`. */
  ask(make: (ask: number) => Command, ms?: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#lost());
      const ask = ++this.#ask;
      this.#asks.set(ask, { resolve, reject });
      if (ms === undefined) this.#outbox.hurry(make(ask));
      else this.#outbox.add(make(ask), ms);
    });
  }

  /** A pair of ports: at once as a rule, else when one has been bound. */
  takePort(): number | Promise<number> {
    if (this.#over) throw this.#lost();
    const port = this.pool.take();
    if (port !== undefined) return port;
    return new Promise((resolve, reject) => {
      const { inUse, resting } = this.pool;
      const none = new GraineError(noPorts, { inUse, resting, range: this.#options.range });
      if (!this.pool.wait({ take: resolve, fail: () => reject(this.#over ? this.#lost() : none) })) reject(none);
    });
  }

  /** One pair and no other, which is in no worker's book yet. */
  claimPort(port: number): Promise<number> {
    if (this.#over) throw this.#lost();
    return new Promise((resolve, reject) => {
      const fail = () => reject(this.#over ? this.#lost() : new GraineError(portTaken, { port }));
      this.pool.claim(port, { take: resolve, fail });
    });
  }

  /** Ends the thread in good order; said goodbye to all far ends when it resolves. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      this.#outbox.hold({ do: 'close' });
      this.#outbox.flush();
    }
    await this.#exited;
  }

  /** Ends the thread at once: for one that hangs. */
  async kill(): Promise<void> {
    this.#fault = 'it was ended by force';
    await this.#thread.terminate();
  }

  #send(commands: Command[]): void {
    this.#thread.postMessage(commands, []);
    ringDoorbell(this.#handles);
  }

  #take(report: Report): void {
    switch (report.say) {
      case 'ready':
        this.wire = report.wire;
        this.why = report.why;
        this.codecs = report.opus ? WITH_OPUS : WITHOUT_OPUS;
        return this.#begun();
      case 'bound':
        if (report.failed.length > 0) this.#options.failedPorts(report.failed, report.why);
        return this.pool.bound(report.ports, report.failed);
      case 'rested':
        return this.pool.rested(report.ports);
      case 'answer': {
        const ask = this.#asks.get(report.ask);
        this.#asks.delete(report.ask);
        return ask?.resolve(report.value);
      }
      default:
        return this.#options.report(report);
    }
  }

  #lost(): GraineError {
    return new GraineError(workerLost, { why: this.#fault });
  }

  #gone(): void {
    this.#outbox.close();
    closeHandles(this.#handles);
    for (const ask of this.#asks.values()) ask.reject(this.#lost());
    this.#asks.clear();
    const told = this.#over;
    this.#over = true;
    this.pool.close();
    if (!told) this.#options.died(this, this.#fault);
  }
}
