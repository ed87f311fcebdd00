import { type Clock, GraineError, type Log } from '../base/index.ts';
import type { LiveStore, SharedStandingCalls } from '../ports/index.ts';
import { liveUrl } from './errors.ts';
import type { Members } from './members.ts';
import { MemoryLive, type MemoryLimits } from './memory.ts';
import type { StandingRedisParts } from './standing-redis.ts';

export type LiveOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** This node's name: no other node's, now or before. */
  readonly node: string;
  readonly limits?: Partial<MemoryLimits>;
};

/** `members`: of a store that several nodes share. */
export type OpenLive = LiveStore & { readonly members?: Members };

/** `memory:` or `redis://…`. A Redis that is away does not keep the server from starting: it joins when it is there. */
export async function openLive(url: string, { clock, log, node, limits }: LiveOptions): Promise<OpenLive> {
  const bounds = { contactsPerAor: 20, contacts: 500_000, ...limits };
  if (url === 'memory:') return new MemoryLive(clock, log, bounds);
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw new GraineError(liveUrl, { url: masked(url) });
  // A single node needs none of it.
  const { RedisLive } = await import('./redis.ts');
  const live = new RedisLive({ url, clock, log, node, limits: bounds });
  await live.start();
  return live;
}

/** Standing calls in Redis, which several nodes share. */
export async function openSharedStanding(parts: StandingRedisParts): Promise<SharedStandingCalls> {
  const { StandingRedis } = await import('./standing-redis.ts');
  const shared = new StandingRedis(parts);
  await shared.start();
  return shared;
}

function masked(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):.*@/, '$1:********@');
}
