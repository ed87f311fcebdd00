import { GraineError } from '../../base/index.ts';
import { workerLost } from './faults.ts';
import type { WorkerLink } from './worker-link.ts';

/** Which worker carries which session: all endpoints of one are in one worker. */
export class Placement {
  readonly #sessions = new Map<string, { readonly link: WorkerLink; count: number }>();

  /** The worker of its other endpoints, else the one with the least to do. Throws when none lives. */
  join(session: string, links: readonly WorkerLink[]): WorkerLink {
    const known = this.#sessions.get(session);
    if (known !== undefined && links[known.link.index] === known.link) {
      known.count++;
      return known.link;
    }
    const living = links.filter((each) => each.alive);
    if (living.length === 0) throw new GraineError(workerLost, { why: links[0]!.fault });
    const link = living.reduce((least, each) => (each.pool.inUse < least.pool.inUse ? each : least));
    this.#sessions.set(session, { link, count: 1 });
    return link;
  }

  leave(session: string): void {
    const known = this.#sessions.get(session);
    if (known !== undefined && --known.count === 0) this.#sessions.delete(session);
  }

  clear(): void {
    this.#sessions.clear();
  }
}
