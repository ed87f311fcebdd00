/** What this version understands but cannot run yet. The interpreter refuses these with an alert: pretending to have
 * listened, screened or recorded would be worse than saying no. Shrink the list as features land. */
import { otherVerbNames, type Verb } from './types.ts';

/** Verbs that cannot run. */
export const unsupportedVerbs: ReadonlySet<string> = new Set<string>(otherVerbNames);

export type Unsupported = {
  /** JSON path of the verb or option. */
  readonly path: string;
  readonly verb: string;
};

/** Everything in these verbs that this version cannot run. `unsupported([verb])` asks about one. */
export function unsupported(verbs: readonly Verb[]): Unsupported[] {
  const found: Unsupported[] = [];
  for (let i = 0; i < verbs.length; i++) {
    const verb = verbs[i];
    if (verb === undefined) continue;
    if (unsupportedVerbs.has(verb.verb)) found.push({ path: `[${i}]`, verb: verb.verb });
    else if (verb.verb === 'config')
      for (const name of verb.unsupported) found.push({ path: `[${i}].${name}`, verb: 'config' });
  }
  return found;
}
