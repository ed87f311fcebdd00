/** The index of a packet (rollover counter and sequence number, 48 bits) that is nearest to the highest so far: RFC 3711
 * §3.3.1, appendix A. -1: it would be before the beginning. `highest` -1: nothing came yet. */
export function extended(sequence: number, highest: number): number {
  if (highest < 0) return sequence;
  const step = ((sequence - (highest % 65536)) << 16) >> 16;
  return Math.max(-1, highest + step);
}
