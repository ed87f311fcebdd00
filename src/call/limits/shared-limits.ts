/** The limits of all accounts and carriers that nodes count together. As many as the operator made, so bounded. */
import type { Clock } from '../../base/index.ts';
import type { LimitLine, LiveStore } from '../../ports/index.ts';
import { SharedLimit } from './shared-limit.ts';

type Parts = { readonly clock: Clock; readonly live: Pick<LiveStore, 'take' | 'holds' | 'stats' | 'count'> };

export class SharedLimits {
  readonly #parts: Parts;
  readonly #limits = new Map<string, SharedLimit>();

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.live.count({
      running: (name) => this.#limits.get(name)?.held ?? 0,
      line: (name) => this.#limits.get(name)?.line ?? [],
      seen: (name, view) => this.#limits.get(name)?.seen(view),
    });
  }

  of(name: string, running: () => number, line: () => LimitLine = () => []): SharedLimit {
    let limit = this.#limits.get(name);
    if (limit === undefined) this.#limits.set(name, (limit = new SharedLimit({ ...this.#parts, name, running, line })));
    return limit;
  }

  /** A call of it has ended here: the others learn of the place now, not at the next heartbeat. */
  ended(name: string): void {
    const limit = this.#limits.get(name);
    if (limit === undefined) return;
    limit.ended();
    this.#parts.live.holds(name, limit.held);
  }
}
