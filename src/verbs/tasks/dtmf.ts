/** dtmf: presses keys towards the call; done when the last one has really gone out. */
import type { Timer } from '../../base/index.ts';
import { pressKeys } from '../../call/index.ts';
import type { DtmfVerb } from '../schema/schema.ts';
import type { Outcome, Task, TaskContext } from '../task.ts';

/** An engine that never says it is done does not hold the call: this much more than the keys need, ms. */
const graceMs = 5000;
/** The silence after a key, ms, generously. */
const gapMs = 200;
const pauses: Readonly<Record<string, number>> = { w: 500, W: 1000 };

export class DtmfTask implements Task {
  readonly #context: TaskContext;
  readonly #verb: DtmfVerb;
  #timer: Timer | undefined;
  #wake: () => void = () => {};
  #phase: 'running' | 'stopped' = 'running';

  constructor(context: TaskContext, verb: DtmfVerb) {
    this.#context = context;
    this.#verb = verb;
  }

  async run(): Promise<Outcome> {
    // One command to the engine holds at most 64 keys.
    for (const part of this.#verb.dtmf.match(/[wW]|[^wW]{1,64}/g) ?? []) {
      if (this.#phase === 'stopped' || this.#context.caller.end !== undefined) break;
      const pause = pauses[part];
      if (pause === undefined) await this.#press(part.toUpperCase());
      else await this.#wait(pause);
    }
    return {};
  }

  stop(): void {
    this.#phase = 'stopped';
    this.#wake();
  }

  /** Presses up to 64 keys and waits until they are out. */
  async #press(keys: string): Promise<void> {
    const { caller } = this.#context;
    const { duration } = this.#verb;
    const off = caller.events.on('keysSent', () => this.#wake());
    const sent = this.#wait(keys.length * (duration + gapMs) + graceMs);
    pressKeys(caller, keys, duration).catch(() => this.#wake());
    if (caller.media === undefined) this.#wake();
    await sent;
    off();
  }

  #wait(ms: number): Promise<void> {
    const { caller, session } = this.#context;
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#timer?.cancel();
        resolve();
      };
      this.#timer = session.services.clock.after(ms, `call ${caller.callSid} dtmf`, () => this.#wake());
    });
  }
}
