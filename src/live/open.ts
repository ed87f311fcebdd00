import { type Clock, GraineError, type Log } from '../base/index.ts';
import type { LiveStore } from '../ports/index.ts';
import { liveUrl } from './errors.ts';
import { MemoryLive, type MemoryLimits } from './memory.ts';
import { RedisLive } from './redis.ts';

export type LiveOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** This node's name: no other node's, now or before. */
  readonly node: string;
  readonly limits?: Partial<MemoryLimits>;
};

/** `memory:` or `redis://…`. A Redis that is away does not keep the server from starting: it joins when it is there. */
export async function openLive(url: string, { clock, log, node, limits }: LiveOptions): Promise<LiveStore> {
  const bounds = { contactsPerAor: 20, contacts: 500_000, ...limits };
  if (url === 'memory:') return new MemoryLive(clock, log, bounds);
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw new GraineError(liveUrl, { url: masked(url) });
  const live = new RedisLive({ url, clock, log, node, limits: bounds });
  await live.start();
  return live;
}

function masked(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):.*@/, '$1:********@');
}
