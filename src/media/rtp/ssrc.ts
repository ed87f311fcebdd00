import type { Random } from '../../base/index.ts';

/** A name for one stream of ours, none of `not`: under a key that is still in use none may come twice (RFC 3711 §9.1). */
export function freshSsrc(random: Random, not: readonly number[] = []): number {
  for (;;) {
    // 0 is what an empty field looks like to a careless far end.
    const ssrc = random.integer(0xffffffff) + 1;
    if (!not.includes(ssrc)) return ssrc;
  }
}
