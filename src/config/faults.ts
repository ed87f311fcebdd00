/** Faults of a configuration: all of them at once, each with its line. */
import { defineError, GraineError } from '../base/index.ts';

export type Fault = {
  /** 1-based; 0 when it is about no line of the file. */
  readonly line: number;
  /** accounts[0].carriers[1].port */
  readonly path: string;
  readonly message: string;
};

const configInvalid = defineError('config-invalid', {
  message: '{source} cannot be used:\n{list}\n',
  fix: 'docs/config.md lists every key',
  http: 500,
});

const configUnreadable = defineError('config-unreadable', {
  message: '{source} cannot be read: {reason}',
  fix: 'Check the path and its permissions',
  http: 500,
});

const notBuilt = defineError('not-built', {
  message: '{source} asks for what this version does not have:\n{list}\n',
  fix: 'Take it out of the file, or use a version that has it',
  http: 500,
});

export function invalid(source: string, faults: readonly Fault[]): GraineError {
  const sorted = [...faults].sort((a, b) => a.line - b.line);
  return new GraineError(configInvalid, { source, faults: sorted, list: listed(sorted) });
}

export function unbuilt(source: string, faults: readonly Fault[]): GraineError {
  return new GraineError(notBuilt, { source, faults, list: listed(faults) });
}

export function unreadable(source: string, reason: string): GraineError {
  return new GraineError(configUnreadable, { source, reason });
}

function listed(faults: readonly Fault[]): string {
  return faults
    .map(
      ({ line, path, message }) => `  ${line > 0 ? `line ${line}: ` : ''}${path}${path === '' ? '' : ': '}${message}`,
    )
    .join('\n');
}

/** The known name that looks most like `name`, if any comes close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const each of known) {
    const far = distance(name.toLowerCase().slice(0, 64), each.toLowerCase());
    if (far >= least) continue;
    least = far;
    best = each;
  }
  return best;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
