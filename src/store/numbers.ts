/** Phone numbers of one account: exact, else the longest prefix that ends in `*`. */
import type { PhoneNumber } from '../ports/index.ts';

function digits(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}

export class Numbers {
  /** `number` or `prefix*` → by carrier sid; '' for no carrier. */
  readonly #exact = new Map<string, Map<string, PhoneNumber>>();
  readonly #prefix = new Map<string, Map<string, PhoneNumber>>();
  #longest = 0;

  constructor(numbers: readonly PhoneNumber[]) {
    for (const number of numbers) {
      const key = digits(number.number);
      const prefix = key.endsWith('*') ? key.slice(0, -1) : undefined;
      const table = prefix === undefined ? this.#exact : this.#prefix;
      if (prefix !== undefined) this.#longest = Math.max(this.#longest, prefix.length);
      const at = table.get(prefix ?? key) ?? new Map<string, PhoneNumber>();
      at.set(number.carrierSid ?? '', number);
      table.set(prefix ?? key, at);
    }
  }

  /** Without a carrier: a carrier-less number first, else any carrier's (whose number is this caller id?). */
  find(number: string, carrierSid: string | undefined): PhoneNumber | undefined {
    const dialled = digits(number);
    const exact = choose(this.#exact.get(dialled), carrierSid);
    if (exact !== undefined) return exact;
    for (let length = Math.min(this.#longest, dialled.length); length >= 0; length--) {
      const found = choose(this.#prefix.get(dialled.slice(0, length)), carrierSid);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function choose(at: Map<string, PhoneNumber> | undefined, carrierSid: string | undefined): PhoneNumber | undefined {
  if (at === undefined) return undefined;
  if (carrierSid !== undefined) return at.get(carrierSid) ?? at.get('');
  return at.get('') ?? at.values().next().value;
}
