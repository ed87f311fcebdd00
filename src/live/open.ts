import { type Clock, GraineError, type Log } from '../base/index.ts';
import type { LiveStore } from '../ports/index.ts';
import { liveNotBuilt, liveUrl } from './errors.ts';
import { MemoryLive, type MemoryLimits } from './memory.ts';

export type LiveOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** This node's name. */
  readonly node: string;
  readonly limits?: Partial<MemoryLimits>;
};

/** `memory:` now; `redis://…` is refused until it is built. */
export async function openLive(url: string, { clock, log, limits }: LiveOptions): Promise<LiveStore> {
  if (url === 'memory:') return new MemoryLive(clock, log, { contactsPerAor: 20, contacts: 500_000, ...limits });
  if (/^rediss?:\/\//.test(url))
    throw new GraineError(liveNotBuilt, { url: url.replace(/^(\w+:\/\/[^:/@]*):.*@/, '$1:********@') });
  throw new GraineError(liveUrl, { url });
}
