/** What the words of a greeting say about who speaks it: phrases only machines use, numbers read out, and length. They make a
 * verdict sooner or surer than sound alone, and never hold one up. reference.md 6.3. */
import type { Transcript } from '../ports/index.ts';
import { machinePhrases, personPhrases } from './amd-hints.ts';

export type WordRules = {
  /** So many words are a machine's, unless a person's phrase is among them. */
  readonly thresholdWordCount: number;
  /** So many digits in a row are a machine's; 0 for never. */
  readonly digitCount: number;
};

export type WordFinding = {
  readonly event: 'machine';
  readonly reason: 'hint' | 'digit count' | 'long greeting';
  readonly confidence: number;
  readonly hint?: string;
};

/** What is kept of a greeting, characters. */
const MOST_TEXT = 2000;
const digitWords: ReadonlySet<string> = new Set('zero one two three four five six seven eight nine oh'.split(' '));

export class AmdWords {
  /** Final results so far, and the newest unfinished one. */
  #final = '';
  #interim = '';
  language: string | undefined;
  readonly #rules: WordRules;

  constructor(rules: WordRules) {
    this.#rules = rules;
  }

  /** All that was understood so far. */
  get greeting(): string {
    return `${this.#final} ${this.#interim}`.trim().slice(0, MOST_TEXT);
  }

  /** Takes a result; says what the words so far mean, if anything. */
  push({ final, alternatives, language }: Transcript): WordFinding | undefined {
    const text = (alternatives[0]?.transcript ?? '').trim().slice(0, MOST_TEXT);
    if (text === '') return undefined;
    this.language = language;
    if (final) {
      this.#final = `${this.#final} ${text}`.trim().slice(0, MOST_TEXT);
      this.#interim = '';
    } else this.#interim = text;
    return this.#weigh();
  }

  #weigh(): WordFinding | undefined {
    const words = wordsOf(this.greeting);
    const spoken = ` ${words.join(' ')} `;
    const hint = machinePhrases.find((phrase) => spoken.includes(` ${phrase} `));
    if (hint !== undefined) return { event: 'machine', reason: 'hint', confidence: 0.97, hint };
    const { digitCount, thresholdWordCount } = this.#rules;
    if (digitCount > 0 && digitsInARow(words) >= digitCount)
      return { event: 'machine', reason: 'digit count', confidence: 0.9 };
    const person = personPhrases.some((phrase) => spoken.includes(` ${phrase} `));
    if (words.length < thresholdWordCount || thresholdWordCount === 0 || person) return undefined;
    return { event: 'machine', reason: 'long greeting', confidence: 0.8 };
  }
}

function wordsOf(text: string): string[] {
  const plain = text.toLowerCase().normalize('NFC').replaceAll('’', "'");
  return plain.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? [];
}

/** "5 5 5", "555" and "five five five" are three each. */
function digitsInARow(words: readonly string[]): number {
  let most = 0;
  let run = 0;
  for (const word of words) {
    const digits = digitWords.has(word) ? 1 : (/^[\d-]+$/.exec(word)?.[0].replaceAll('-', '').length ?? 0);
    run = digits === 0 ? 0 : run + digits;
    most = Math.max(most, run);
  }
  return most;
}
