/** The order to try carriers and gateways in. RFC 2782, "Usage rules". */
import type { Random } from '../../base/index.ts';

type Entry = { readonly priority: number; readonly weight: number };

/** Lower priority first; within one priority a draw by weight, as SRV does. A weight of 0 is drawn as 1: seldom, among
 * entries that weigh something; evenly, where none does. */
export function byPriorityAndWeight<T extends Entry>(random: Random, list: readonly T[]): T[] {
  const ordered: T[] = [];
  const left = [...list].sort((a, b) => a.priority - b.priority);
  while (left.length > 0) {
    const priority = left[0]?.priority;
    const same = left.filter((each) => each.priority === priority);
    const total = same.reduce((sum, each) => sum + Math.max(1, each.weight), 0);
    let draw = same.length === 1 ? 0 : random.integer(total);
    const chosen = same.find((each) => (draw -= Math.max(1, each.weight)) < 0) ?? same[0];
    if (chosen === undefined) break;
    left.splice(left.indexOf(chosen), 1);
    ordered.push(chosen);
  }
  return ordered;
}
