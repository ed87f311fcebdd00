import { randomBytes, randomInt, randomUUID } from 'node:crypto';

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

function format(uuid: Uint8Array): string {
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(uuid.buffer, uuid.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The kernel's entropy, drawn in blocks of 4 KiB: a call needs some twenty tokens. */
export class SystemRandom implements Random {
  #letters = '';
  #letterAt = 0;

  uuid(): string {
    return randomUUID();
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
