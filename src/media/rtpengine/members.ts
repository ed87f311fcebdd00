/** All rtpengines of a server: the least loaded living one, by weight, takes the next call. */
import type { Member } from './member.ts';

export function leastLoaded(members: readonly Member[], except?: Member): Member | undefined {
  const living = members.filter((each) => each.up && each !== except);
  if (living.length === 0) return undefined;
  return living.reduce((least, each) => (each.calls / each.weight < least.calls / least.weight ? each : least));
}
