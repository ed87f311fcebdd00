/** What this version understands but cannot run yet. The interpreter refuses these with an alert: pretending to have
 * listened, screened or recorded would be worse than saying no. Shrink the two lists as features land. */
import { type DialVerb, otherVerbNames, type Verb } from './types.ts';

/** Verbs that cannot run. */
export const unsupportedVerbs: ReadonlySet<string> = new Set<string>(otherVerbNames);

/** Dial options that cannot run, with the test that says whether a dial uses one. */
export const unsupportedDialOptions: Readonly<Record<string, (dial: DialVerb) => boolean>> = {
  srtpEncryption: (dial) => dial.srtpEncryption === 'dtls',
};

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
    else if (verb.verb === 'dial')
      for (const path of dialParts(verb)) found.push({ path: `[${i}].${path}`, verb: 'dial' });
    else if (verb.verb === 'config')
      for (const name of verb.unsupported) found.push({ path: `[${i}].${name}`, verb: 'config' });
  }
  return found;
}

function dialParts(dial: DialVerb): string[] {
  const parts: string[] = [];
  for (const name in unsupportedDialOptions) if (unsupportedDialOptions[name]?.(dial) === true) parts.push(name);
  return parts;
}
