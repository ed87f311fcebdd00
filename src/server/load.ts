/** The load of this process, measured: what the door to new calls is judged by. */
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock, Log, Random } from '../base/index.ts';
import { LoadDoor, OpenDoor, Refusals } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import type { Door, Load, LoadSignal, WorkerLoad } from '../ports/index.ts';

type Parts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly media: { load(): readonly WorkerLoad[] };
  readonly hooks: { pending(): number };
  readonly counted: (alert: string) => void;
};

export type LoadFigures = {
  readonly rate: number | undefined;
  readonly pressure: Readonly<Record<LoadSignal, number>>;
};

export type Admission = {
  readonly door: Door;
  readonly refusals: Refusals;
  /** Undefined where overload is not looked for. */
  readonly figures: () => LoadFigures | undefined;
  close(): void;
};

/** Of the monitor below: it samples its own timer, so what it reports has this in it. */
const RESOLUTION_MS = 25;

export function createAdmission({ calls: { overload } }: Config, parts: Parts): Admission {
  const refusals = new Refusals();
  if (!overload.enabled) return { door: new OpenDoor(), refusals, figures: () => undefined, close: () => {} };
  const gauge = new LoadGauge(parts);
  const { clock, random, log, counted } = parts;
  const door = new LoadDoor({
    clock,
    random,
    log: log.child({ area: 'load' }),
    measure: () => gauge.read(),
    limits: {
      loop: overload.loop_busy_percent / 100,
      lateness: overload.loop_late_ms,
      media: overload.media_busy_percent / 100,
      mediaLateness: overload.media_late_ms,
      memory: overload.heap_percent / 100,
      hooks: overload.hooks_waiting,
    },
    leastRate: overload.least_calls_per_second,
    refusals,
    onChange: (state) => counted(state === 'limited' ? 'overload' : 'overload-over'),
  });
  const close = (): void => {
    door.close();
    gauge.close();
  };
  return { door, refusals, figures: () => door.figures(), close };
}

class LoadGauge {
  readonly #parts: Parts;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#delay.enable();
  }

  /** Since the last time. */
  read(): Load {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#loop);
    this.#loop = now;
    const lateness = this.#delay.count === 0 ? 0 : Math.max(0, this.#delay.mean / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    const heap = getHeapStatistics();
    const workers = this.#parts.media.load();
    return {
      loop: utilization,
      lateness,
      media: Math.max(0, ...workers.map(({ busy }) => busy)),
      mediaLateness: Math.max(0, ...workers.map(({ lateMs }) => lateMs)),
      memory: heap.used_heap_size / heap.heap_size_limit,
      hooks: this.#parts.hooks.pending(),
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
