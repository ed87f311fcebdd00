/** Keys as they come in, until enough are there: the counting of gather and of config's bargeIn. */
export type KeyRules = {
  /** Any of these ends the input and is not part of it. */
  readonly finishOnKey: string;
  readonly minDigits: number;
  readonly maxDigits: number;
};

export class KeyInput {
  readonly #rules: KeyRules;
  #digits = '';

  constructor(rules: KeyRules) {
    this.#rules = rules;
  }

  get digits(): string {
    return this.#digits;
  }

  /** Would they do if no more came? */
  get enough(): boolean {
    return this.#digits.length >= this.#rules.minDigits;
  }

  press(key: string): 'more' | 'complete' {
    if (this.#rules.finishOnKey.includes(key)) return 'complete';
    this.#digits += key;
    return this.#digits.length >= this.#rules.maxDigits ? 'complete' : 'more';
  }
}
