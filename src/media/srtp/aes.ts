/** AES, the direction that encrypts, for key streams (FIPS 197). In tables: a call into OpenSSL costs more than a packet's
 * whole key stream and makes garbage for each. Without branches on secrets; the tables lie in 4 KiB of the first cache. */

const SBOX = new Uint8Array(256);
const T0 = new Int32Array(256);
const T1 = new Int32Array(256);
const T2 = new Int32Array(256);
const T3 = new Int32Array(256);

function double(value: number): number {
  return ((value << 1) ^ ((value >> 7) * 0x11b)) & 0xff;
}

/** §5.1.1: inverses by walking the powers of 3 and of its inverse, then the affine map. */
function build(): void {
  let p = 1;
  let q = 1;
  do {
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if ((q & 0x80) !== 0) q ^= 0x09;
    const rotated = q * 0x0101;
    SBOX[p] = (q ^ (rotated >> 7) ^ (rotated >> 6) ^ (rotated >> 5) ^ (rotated >> 4) ^ 0x63) & 0xff;
  } while (p !== 1);
  SBOX[0] = 0x63;
  for (let i = 0; i < 256; i++) {
    const s = SBOX[i]!;
    const two = double(s);
    T0[i] = (two << 24) | (s << 16) | (s << 8) | (two ^ s);
    T1[i] = (T0[i]! >>> 8) | (T0[i]! << 24);
    T2[i] = (T0[i]! >>> 16) | (T0[i]! << 16);
    T3[i] = (T0[i]! >>> 24) | (T0[i]! << 8);
  }
}
build();

function substituted(word: number): number {
  return (
    (SBOX[word >>> 24]! << 24) |
    (SBOX[(word >>> 16) & 0xff]! << 16) |
    (SBOX[(word >>> 8) & 0xff]! << 8) |
    SBOX[word & 0xff]!
  );
}

/** §5.2. */
function expand(key: Uint8Array): Int32Array {
  const length = key.length / 4;
  const words = new Int32Array(4 * (length + 7));
  for (let i = 0; i < length; i++)
    words[i] = (key[4 * i]! << 24) | (key[4 * i + 1]! << 16) | (key[4 * i + 2]! << 8) | key[4 * i + 3]!;
  let round = 1;
  for (let i = length; i < words.length; i++) {
    let word = words[i - 1]!;
    if (i % length === 0) {
      word = substituted((word << 8) | (word >>> 24)) ^ (round << 24);
      round = double(round);
    } else if (length > 6 && i % length === 4) word = substituted(word);
    words[i] = words[i - length]! ^ word;
  }
  return words;
}

/** One key's cipher. */
export class Aes {
  /** The block that `encrypt` made, as four words. */
  readonly out = new Int32Array(4);
  readonly #keys: Int32Array;

  /** `key`: 16 or 32 octets. */
  constructor(key: Uint8Array) {
    this.#keys = expand(key);
  }

  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for every 16 octets
  encrypt(a: number, b: number, c: number, d: number): void {
    const keys = this.#keys;
    let s0 = a ^ keys[0]!;
    let s1 = b ^ keys[1]!;
    let s2 = c ^ keys[2]!;
    let s3 = d ^ keys[3]!;
    const last = keys.length - 4;
    for (let k = 4; k < last; k += 4) {
      const t0 = T0[s0 >>> 24]! ^ T1[(s1 >>> 16) & 0xff]! ^ T2[(s2 >>> 8) & 0xff]! ^ T3[s3 & 0xff]! ^ keys[k]!;
      const t1 = T0[s1 >>> 24]! ^ T1[(s2 >>> 16) & 0xff]! ^ T2[(s3 >>> 8) & 0xff]! ^ T3[s0 & 0xff]! ^ keys[k + 1]!;
      const t2 = T0[s2 >>> 24]! ^ T1[(s3 >>> 16) & 0xff]! ^ T2[(s0 >>> 8) & 0xff]! ^ T3[s1 & 0xff]! ^ keys[k + 2]!;
      s3 = T0[s3 >>> 24]! ^ T1[(s0 >>> 16) & 0xff]! ^ T2[(s1 >>> 8) & 0xff]! ^ T3[s2 & 0xff]! ^ keys[k + 3]!;
      s0 = t0;
      s1 = t1;
      s2 = t2;
    }
    const { out } = this;
    out[0] = finalWord(s0, s1, s2, s3) ^ keys[last]!;
    out[1] = finalWord(s1, s2, s3, s0) ^ keys[last + 1]!;
    out[2] = finalWord(s2, s3, s0, s1) ^ keys[last + 2]!;
    out[3] = finalWord(s3, s0, s1, s2) ^ keys[last + 3]!;
  }
}

/** The last round has no mixing of columns. */
function finalWord(a: number, b: number, c: number, d: number): number {
  return (SBOX[a >>> 24]! << 24) | (SBOX[(b >>> 16) & 0xff]! << 16) | (SBOX[(c >>> 8) & 0xff]! << 8) | SBOX[d & 0xff]!;
}

/** Counter mode: the key stream that begins at the block `counter` is laid over the bytes. The last word of `counter`
 * counts, and has moved on afterwards. */
// oxlint-disable-next-line max-params -- numbers, not an object: this runs for every packet
export function layKeyStream(aes: Aes, counter: Int32Array, bytes: Uint8Array, start: number, length: number): void {
  const { out } = aes;
  const end = start + length;
  for (let at = start; at < end; at += 16) {
    aes.encrypt(counter[0]!, counter[1]!, counter[2]!, counter[3]!);
    counter[3]!++;
    const whole = end - at >= 16;
    if (whole) {
      for (let w = 0; w < 4; w++) {
        const word = out[w]!;
        const to = at + w * 4;
        bytes[to] = bytes[to]! ^ (word >>> 24);
        bytes[to + 1] = bytes[to + 1]! ^ (word >>> 16);
        bytes[to + 2] = bytes[to + 2]! ^ (word >>> 8);
        bytes[to + 3] = bytes[to + 3]! ^ word;
      }
    } else
      for (let to = at; to < end; to++) bytes[to] = bytes[to]! ^ (out[(to - at) >> 2]! >>> (24 - ((to - at) & 3) * 8));
  }
}
