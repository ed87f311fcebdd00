/** Finds key sequences in what somebody presses. The buffer rolls (a pattern may begin anywhere), is forgotten after three
 * seconds of silence and after a match, and the longest pattern wins: where one begins with another (`*1`, `*12`), the
 * shorter waits for the next key or the silence. decisions.md DTMF. */
import type { Clock, Timer } from '../../../base/index.ts';

export const silenceMs = 3000;

type Options = {
  readonly clock: Clock;
  /** Keys 0-9 * # A-D. */
  readonly patterns: readonly string[];
  /** Names the timer. */
  readonly label: string;
  readonly matched: (pattern: string) => void;
};

export class DigitPatterns {
  readonly #options: Options;
  readonly #patterns: readonly string[];
  readonly #longest: number;
  #buffer = '';
  /** A match that a longer pattern may still swallow: where it begins and ends in the buffer. */
  #waiting: { readonly from: number; readonly to: number } | undefined;
  #silence: Timer | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#patterns = options.patterns.map((each) => each.toUpperCase()).filter((each) => each !== '');
    this.#longest = Math.max(0, ...this.#patterns.map((each) => each.length));
  }

  press(digit: string): void {
    this.#silence?.cancel();
    if (this.#longest > 0) this.#take(digit);
    if (this.#buffer === '') return;
    const { clock, label } = this.#options;
    this.#silence = clock.after(silenceMs, label, () => this.#settle());
  }

  /** Nothing more will come: what waits for a longer pattern has matched. */
  close(): void {
    this.#silence?.cancel();
    this.#settle();
  }

  #take(digit: string): void {
    this.#buffer += digit;
    const match = this.#matchAtEnd();
    if (match !== undefined) {
      if (this.#mayGrow(match.from)) this.#waiting = match;
      else this.#report(match);
    } else if (this.#waiting === undefined) {
      this.#buffer = this.#buffer.slice(-this.#longest);
    } else if (!this.#mayGrow(this.#waiting.from)) {
      this.#fallBack();
    }
  }

  /** The longest pattern that ends here; while one waits, only one that contains it. */
  #matchAtEnd(): { from: number; to: number } | undefined {
    const to = this.#buffer.length;
    let from = to;
    for (const pattern of this.#patterns)
      if (pattern.length > to - from && this.#buffer.endsWith(pattern)) from = to - pattern.length;
    if (from === to || (this.#waiting !== undefined && from > this.#waiting.from)) return undefined;
    return { from, to };
  }

  /** Do the keys from here on, or from before, begin a longer pattern? */
  #mayGrow(from: number): boolean {
    for (let start = 0; start <= from; start++) {
      const keys = this.#buffer.slice(start);
      if (this.#patterns.some((pattern) => pattern.length > keys.length && pattern.startsWith(keys))) return true;
    }
    return false;
  }

  #report({ from, to }: { from: number; to: number }): void {
    const pattern = this.#buffer.slice(from, to);
    this.#buffer = '';
    this.#waiting = undefined;
    this.#options.matched(pattern);
  }

  /** The longer pattern did not come: the shorter one has matched, and what was pressed after it begins anew. */
  #fallBack(): void {
    const match = this.#waiting;
    if (match === undefined) return;
    const rest = this.#buffer.slice(match.to);
    this.#report(match);
    for (const digit of rest) this.#take(digit);
  }

  #settle(): void {
    while (this.#waiting !== undefined) this.#fallBack();
    this.#buffer = '';
  }
}
