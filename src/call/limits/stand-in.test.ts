/** Live state for tests of limits: no other node, or others that are made up. */
import type { Clock } from '../../base/index.ts';
import type { LimitAnswer, LimitAsk, LimitCounts, LiveStats, LiveStore } from '../../ports/index.ts';
import { SharedLimits } from './shared-limits.ts';

const alone: LiveStats = { shared: false, up: true, nodes: 1, known: 1, refused: 0, waiting: 0 };

/** Without other nodes. */
export function aloneWith(clock: Clock): SharedLimits {
  const live = { take: () => Promise.resolve(undefined), holds: () => {}, count: () => {}, stats: () => alone };
  return new SharedLimits({ clock, live });
}

/** A Redis of which the test says what it answers. */
export class StandIn implements Pick<LiveStore, 'take' | 'holds' | 'stats' | 'count'> {
  figures: LiveStats = { ...alone, shared: true, nodes: 2, known: 2 };
  readonly asked: LimitAsk[] = [];
  readonly told: [name: string, running: number][] = [];
  counts: LimitCounts | undefined;
  answer: (ask: LimitAsk) => Promise<LimitAnswer | undefined> = () =>
    Promise.resolve({ verdict: 'yes', others: 0, starts: 1, waitMs: 0 });

  take(ask: LimitAsk): Promise<LimitAnswer | undefined> {
    this.asked.push(ask);
    return this.answer(ask);
  }

  holds(name: string, running: number): void {
    this.told.push([name, running]);
  }

  count(counts: LimitCounts): void {
    this.counts = counts;
  }

  stats(): LiveStats {
    return this.figures;
  }
}
