import type { Clock, Log, Random } from '../../base/index.ts';
import { RtpengineEngine, type Workers } from './engine.ts';
import { Member, memberPlace } from './member.ts';

export type RtpengineSetup = {
  /** `udp://address:port?weight=1` each. */
  readonly places: readonly string[];
  /** Closed with the engine. */
  readonly workers: Workers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly silentMs: number;
};

/** A media engine whose relay is rtpengine's. Starts, and says so, when none answers yet: workers carry calls till then. */
export async function createRtpengineEngine(setup: RtpengineSetup): Promise<RtpengineEngine> {
  const { places, workers, clock, random, log, silentMs } = setup;
  const members = places.map(memberPlace).map((place) => new Member({ place, clock, random, log }));
  const engine = new RtpengineEngine({ members, workers, clock, log, silentMs });
  await Promise.all(members.map((member) => member.ping()));
  const silent = members.filter((each) => !each.up).map((each) => each.address);
  if (silent.length > 0) log.warn({ silent, of: members.length }, 'not all rtpengines answer');
  return engine;
}
