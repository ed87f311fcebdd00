/** A document of verbs checked without a call: what the parser refuses, and what a dial in it breaks. For REST and the
 * portal's dial builder. */
import { dialFaults, parseApplication } from './schema/schema.ts';

/** `path` is a JSON pointer into the document. */
export type VerbFault = {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly fix?: string;
};

/** `[0].target[0].number` → `/0/target/0/number`. */
function pointerOf(path: string): string {
  return path
    .split(/[.[\]"]+/)
    .filter((each) => each !== '')
    .map((each) => `/${each}`)
    .join('');
}

/** Empty when the document would be run as it is. */
export function verbFaults(document: unknown): VerbFault[] {
  const parsed = parseApplication(document);
  if (!parsed.ok) {
    return parsed.faults.map(({ path, expected, got, hint }) => ({
      path: pointerOf(path),
      expected,
      got,
      ...(hint === undefined ? {} : { fix: hint }),
    }));
  }
  return parsed.verbs.flatMap((verb, n) =>
    verb.verb === 'dial'
      ? dialFaults(verb).map(({ at, expected, got }) => ({ path: `/${[n, ...at].join('/')}`, expected, got }))
      : [],
  );
}
