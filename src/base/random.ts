import { randomBytes, randomInt } from 'node:crypto';

/** The one source of chance: real entropy in production, a seed in tests. */
export interface Random {
  /** A UUID, version 4. */
  uuid(): string;
  /** `length` characters of [0-9a-z]: tags, branches, Call-IDs. */
  token(length: number): string;
  /** An integer in [0, below). */
  integer(below: number): number;
  bytes(length: number): Buffer;
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';

const digits = Buffer.from('0123456789abcdef');
const hyphen = 45;
/** Where the two digits of each octet go, RFC 9562 §4; written here and read as one string: put together from five parts it
 * would be copied once more by the first table it is looked up in. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const written = Buffer.alloc(36, hyphen);

function format(random: Uint8Array, from = 0): string {
  for (let i = 0; i < 16; i++) {
    let octet = random[from + i] as number;
    if (i === 6) octet = (octet & 0x0f) | 0x40;
    if (i === 8) octet = (octet & 0x3f) | 0x80;
    const place = places[i] as number;
    written[place] = digits[octet >> 4] as number;
    written[place + 1] = digits[octet & 15] as number;
  }
  return written.toString('latin1', 0, 36);
}

/** The kernel's entropy, drawn in blocks of 4 KiB: a call needs some twenty tokens. */
export class SystemRandom implements Random {
  #letters = '';
  #letterAt = 0;
  #octets = Buffer.alloc(0);
  #octetAt = 0;

  uuid(): string {
    if (this.#octetAt === this.#octets.length) {
      this.#octets = randomBytes(4096);
      this.#octetAt = 0;
    }
    this.#octetAt += 16;
    return format(this.#octets, this.#octetAt - 16);
  }

  token(length: number): string {
    let text = '';
    while (text.length < length) {
      if (this.#letterAt === this.#letters.length) this.#drawLetters();
      const end = Math.min(this.#letterAt + length - text.length, this.#letters.length);
      text += this.#letters.slice(this.#letterAt, end);
      this.#letterAt = end;
    }
    return text;
  }

  integer(below: number): number {
    return randomInt(below);
  }

  bytes(length: number): Buffer {
    return randomBytes(length);
  }

  #drawLetters(): void {
    const block = randomBytes(4096);
    let used = 0;
    // 252 = 7 × 36: bytes above it are dropped, so that every character is equally likely.
    for (let at = 0; at < block.length; at++) {
      const byte = block[at] ?? 255;
      if (byte < 252) block[used++] = alphabet.charCodeAt(byte % 36);
    }
    this.#letters = block.toString('latin1', 0, used);
    this.#letterAt = 0;
  }
}

/** The same numbers for the same seed (mulberry32). For tests and simulations only. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uuid(): string {
    return format(this.bytes(16));
  }

  token(length: number): string {
    return Array.from({ length }, () => alphabet[this.integer(36)]).join('');
  }

  integer(below: number): number {
    return Math.floor(this.#next() * below);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.integer(256)));
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
