/** Where standing calls are written: in Redis where several nodes share it and a database, else in a folder of this machine. */
import path from 'node:path';
import { type Clock, HeldClock, type Log } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import {
  type Members,
  NoStandingCalls,
  type OpenLive,
  openSharedStanding,
  SealedStanding,
  StandingFile,
} from '../live/index.ts';
import type { SharedStandingCalls, StandingCalls } from '../ports/index.ts';
import { type OpenStore, sealerFor } from '../store/index.ts';
import { secretsOf, standingFolder } from './folders.ts';

type Parts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
};

/** Calls of this machine, which need neither the store nor Redis. Undefined: no folder is meant for them. */
export function openStandingHere({ config, clock, log }: Parts): StandingCalls | undefined {
  const folder = standingFolder(config);
  if (folder === undefined) return undefined;
  // The key of the store, which need not be open for that; a store in memory has none that would last.
  const { url } = config.store;
  const secrets =
    secretsOf(config).secrets ?? (url === 'memory:' ? { file: path.join(folder, 'secret.key') } : undefined);
  const sealer = sealerFor(url, { log, ...(secrets && { secrets }) });
  return new SealedStanding(new StandingFile({ folder, clock, log }), { sealer, log });
}

export type Standing = {
  readonly calls: StandingCalls;
  /** Other nodes carry on what is in it. */
  readonly shared: SharedStandingCalls | undefined;
  /** Whether calls may be another node's by now; undefined where they cannot. */
  readonly owner: Members | undefined;
  /** Of calls: it waits while that is not known. */
  readonly clock: Clock;
  /** Do they outlive the process at all? */
  readonly written: boolean;
};

/** Where they are written after all: what `here` keeps, else what nodes share, where they share both Redis and a database. */
export async function openStanding(
  { config, clock, log }: Parts,
  {
    here,
    store,
    live,
  }: { readonly here: StandingCalls | undefined; readonly store: OpenStore; readonly live: OpenLive },
): Promise<Standing> {
  if (here !== undefined) return { calls: here, shared: undefined, owner: undefined, clock, written: true };
  const { members } = live;
  if (members === undefined || !store.shared)
    return { calls: new NoStandingCalls(), shared: undefined, owner: undefined, clock, written: false };
  const shared = await openSharedStanding({ url: config.live.url, members, sealer: store.sealer, clock, log });
  return { calls: shared, shared, owner: members, clock: new HeldClock(clock, members), written: true };
}
