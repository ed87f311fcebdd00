/** Bencode, the notation of rtpengine's control protocol: numbers, byte strings, lists, dictionaries. What comes in is
 * bounded in size, depth and count, and read to its last byte or refused. */

export type Bencoded = number | string | readonly Bencoded[] | { readonly [key: string]: Bencoded };

/** More than the longest answer of a call with two legs, and what fits into one datagram anyway. */
const MOST_BYTES = 65_536;
const MOST_DEPTH = 16;
const MOST_VALUES = 20_000;
/** Digits of a number: all of a 64-bit one; strings are limited by what is left to read. */
const MOST_DIGITS = 20;

export function bencode(value: Bencoded): string {
  if (typeof value === 'number') return `i${Math.trunc(value)}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (isList(value)) return `l${value.map(bencode).join('')}e`;
  return `d${Object.entries(value)
    .map(([key, each]) => bencode(key) + bencode(each))
    .join('')}e`;
}

/** Undefined when it is not bencode, or not only that. Strings are read as UTF-8. */
export function bdecode(bytes: Buffer): Bencoded | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  const reader = new Reader(bytes);
  const value = reader.value(0);
  return reader.ended ? value : undefined;
}

/** The first value of bytes that may go on after it; undefined while there is none in whole. */
export function bdecodeFirst(bytes: Buffer): { readonly value: Bencoded; readonly length: number } | undefined {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  return value === undefined ? undefined : { value, length: reader.at };
}

const isList = (value: Bencoded): value is readonly Bencoded[] => Array.isArray(value);

const I = 0x69;
const L = 0x6c;
const D = 0x64;
const E = 0x65;
const COLON = 0x3a;
const MINUS = 0x2d;

/** Undefined anywhere means: the whole is refused. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): Bencoded | undefined {
    if (depth > MOST_DEPTH || ++this.#values > MOST_VALUES) return undefined;
    const first = this.#bytes[this.#at];
    switch (first) {
      case I:
        this.#at++;
        return this.#number(E);
      case L:
        this.#at++;
        return this.#list(depth);
      case D:
        this.#at++;
        return this.#dictionary(depth);
      default:
        return this.#string();
    }
  }

  #list(depth: number): Bencoded[] | undefined {
    const list: Bencoded[] = [];
    while (this.#bytes[this.#at] !== E) {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      list.push(value);
    }
    this.#at++;
    return list;
  }

  #dictionary(depth: number): { readonly [key: string]: Bencoded } | undefined {
    // Without a prototype: a key may be called anything.
    const entries = Object.create(null) as Record<string, Bencoded>;
    while (this.#bytes[this.#at] !== E) {
      const key = this.#string();
      const value = key === undefined ? undefined : this.value(depth + 1);
      if (key === undefined || value === undefined) return undefined;
      entries[key] = value;
    }
    this.#at++;
    return entries;
  }

  #string(): string | undefined {
    const length = this.#number(COLON);
    if (length === undefined || length < 0 || this.#at + length > this.#bytes.length) return undefined;
    const text = this.#bytes.toString('utf8', this.#at, this.#at + length);
    this.#at += length;
    return text;
  }

  /** Up to and with the byte `end`. */
  #number(end: number): number | undefined {
    const from = this.#at;
    let at = from;
    if (this.#bytes[at] === MINUS && end === E) at++;
    const digits = at;
    while (isDigit(this.#bytes[at]) && at - digits < MOST_DIGITS) at++;
    if (at === digits || this.#bytes[at] !== end) return undefined;
    this.#at = at + 1;
    return Number(this.#bytes.toString('latin1', from, at));
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
