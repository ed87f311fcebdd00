/** Where a command prints and what surrounds it; tests hand in their own. */
import colors from 'picocolors';
import { type Clock, SystemClock } from '../base/index.ts';

export type Io = {
  /** One line to standard output. */
  out(line: string): void;
  /** One line to standard error. */
  err(line: string): void;
  readonly color: boolean;
  readonly clock: Clock;
};

export const terminal: Io = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  color: colors.isColorSupported && process.stdout.isTTY === true,
  clock: new SystemClock(),
};

export function painter({ color }: Io) {
  return colors.createColors(color);
}

// Names and numbers of calls come from the network; a terminal must not obey them.
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function visible(text: string): string {
  return text.replace(unseen, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Rows in columns as wide as they need. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(visible));
  const widths = (shown[0] ?? []).map((_, i) => Math.max(...shown.map((row) => row[i]?.length ?? 0)));
  return shown.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
