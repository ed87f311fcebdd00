/** HMAC-SHA1 with the pads of its key worked out beforehand, so that a packet costs its own blocks and one more, and no
 * object. RFC 2104, FIPS 180-4. */

const BLOCK = 64;
const W = new Int32Array(80);
/** The end of a message with its padding. */
const TAIL = new Uint8Array(BLOCK * 2);

/** §6.1.2, on one block. */
function compress(state: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0, i = at; t < 16; t++, i += 4)
    W[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  for (let t = 16; t < 80; t++) {
    const mixed = W[t - 3]! ^ W[t - 8]! ^ W[t - 14]! ^ W[t - 16]!;
    W[t] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 80; t++) {
    const mix =
      t < 20
        ? ((b & c) | (~b & d)) + 0x5a827999
        : t < 40
          ? (b ^ c ^ d) + 0x6ed9eba1
          : t < 60
            ? ((b & c) | (b & d) | (c & d)) - 0x70e44324
            : (b ^ c ^ d) - 0x359d3e2a;
    const next = (((a << 5) | (a >>> 27)) + mix + e + W[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
}

function padded(key: Uint8Array, pad: number): Int32Array {
  const block = new Uint8Array(BLOCK).fill(pad);
  for (let i = 0; i < key.length; i++) block[i] = block[i]! ^ key[i]!;
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  compress(state, block, 0);
  return state;
}

export class HmacSha1 {
  /** What `sign` made, five words. */
  readonly digest = new Int32Array(5);
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  /** `key`: at most 64 octets. */
  constructor(key: Uint8Array) {
    this.#inner = padded(key, 0x36);
    this.#outer = padded(key, 0x5c);
  }

  /** Over these bytes and, where there is one, a word behind them. */
  sign(bytes: Uint8Array, at: number, length: number, word?: number): void {
    const { digest } = this;
    digest.set(this.#inner);
    let done = 0;
    for (; length - done >= BLOCK; done += BLOCK) compress(digest, bytes, at + done);
    let end = 0;
    for (; done < length; done++) TAIL[end++] = bytes[at + done]!;
    if (word !== undefined) end = putWord(TAIL, end, word);
    finish(digest, end, length + (word === undefined ? 0 : 4));
    for (let i = 0; i < 5; i++) putWord(TAIL, i * 4, digest[i]!);
    digest.set(this.#outer);
    finish(digest, 20, 20);
  }
}

/** Pads what lies in the tail, `end` octets of it, and takes it in. `length`: of the message, without the key's block. */
function finish(state: Int32Array, end: number, length: number): void {
  const size = end < BLOCK - 8 ? BLOCK : BLOCK * 2;
  TAIL[end] = 0x80;
  TAIL.fill(0, end + 1, size - 4);
  putWord(TAIL, size - 4, (BLOCK + length) * 8);
  compress(state, TAIL, 0);
  if (size > BLOCK) compress(state, TAIL, BLOCK);
}

function putWord(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}
