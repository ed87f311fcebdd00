/** Nodes that are proven dead are gone before their lease is over: the others ask a witness about each that is late. */
import type { Clock, Log, Timer } from '../base/index.ts';
import type { Witness } from '../ports/index.ts';

/** A node that is late, and for how long nobody heard of it, ms. */
export type Late = { readonly node: string; readonly silentMs: number };

/** ms. Who did not beat for `late` is asked about; who is proven dead is gone when it did not for `proven`: two beats, so that
 * one which lives and beats is never taken for dead, whatever became of its address. */
export const mourning = { late: 600, proven: 1_000 } as const;
/** Redis's clock has counted those too, ms. */
const marginMs = 20;

export class Deaths {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #died: (node: string) => void;
  readonly #asking = new Set<string>();
  /** Proven, and still late. */
  readonly #dead = new Set<string>();
  readonly #due = new Map<string, Timer>();
  #witness: Witness | undefined;

  constructor({ clock, log }: { clock: Clock; log: Log }, died: (node: string) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#died = died;
  }

  watchBy(witness: Witness): void {
    this.#witness = witness;
  }

  /** This node beat, and these are those that did lately. */
  beat(nodes: readonly string[], late: readonly Late[]): void {
    this.#witness?.meet(nodes);
    const heardAt = this.#clock.monotonic();
    for (const node of this.#dead) if (!late.some((each) => each.node === node)) this.#dead.delete(node);
    for (const { node, silentMs } of late) {
      // Calls may be left that could not be taken a moment ago.
      if (this.#dead.has(node)) this.#died(node);
      else if (!this.#asking.has(node) && !this.#due.has(node)) void this.#judge(node, heardAt - silentMs);
    }
  }

  close(): void {
    this.#witness = undefined;
    for (const timer of this.#due.values()) timer.cancel();
    this.#due.clear();
  }

  async #judge(node: string, lastBeat: number): Promise<void> {
    this.#asking.add(node);
    const dead = await this.#witness?.isDead(node).catch(() => false);
    this.#asking.delete(node);
    if (dead !== true || this.#witness === undefined) return;
    const ms = Math.max(0, lastBeat + mourning.proven + marginMs - this.#clock.monotonic());
    const gone = (): void => {
      this.#due.delete(node);
      this.#dead.add(node);
      this.#log.warn({ node }, 'a node is dead for certain: nothing of it listens any more');
      this.#died(node);
    };
    this.#due.set(node, this.#clock.after(ms, `live death of ${node}`, gone));
  }
}
