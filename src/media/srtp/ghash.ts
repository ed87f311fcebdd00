/** GHASH, the universal hash of GCM, by tables of four bits: NIST SP 800-38D §6.3 and §6.4. 256 octets a key. */

/** What the four bits that fall out at the right end add at the left one. */
const FOLD = new Int32Array(16);
for (let i = 0; i < 16; i++) {
  let value = 0;
  for (let bit = 0; bit < 4; bit++) if ((i & (1 << bit)) !== 0) value ^= 0x1c20 << bit;
  FOLD[i] = value << 16;
}

export class Ghash {
  /** The hash so far, four words. */
  readonly state = new Int32Array(4);
  /** H times each number of four bits, four words each. */
  readonly #table = new Int32Array(64);

  /** `h`: the block of zeros, encrypted. */
  constructor(h: Int32Array) {
    const table = this.#table;
    const x = Int32Array.from(h);
    for (let n = 8; n >= 1; n >>= 1) {
      table.set(x, n * 4);
      const out = x[3]! & 1;
      for (let w = 3; w > 0; w--) x[w] = (x[w]! >>> 1) | (x[w - 1]! << 31);
      x[0] = (x[0]! >>> 1) ^ (out === 0 ? 0 : 0xe1000000);
    }
    for (let n = 2; n < 16; n++) {
      const high = n >= 8 ? 8 : n >= 4 ? 4 : 2;
      if (n === high) continue;
      for (let w = 0; w < 4; w++) table[n * 4 + w] = table[high * 4 + w]! ^ table[(n - high) * 4 + w]!;
    }
  }

  reset(): void {
    this.state.fill(0);
  }

  /** Takes bytes in, filled up with zeros to whole blocks. */
  add(bytes: Uint8Array, start: number, length: number): void {
    const { state } = this;
    const end = start + length;
    for (let at = start; at < end; at += 16) {
      if (end - at >= 16)
        for (let w = 0, i = at; w < 4; w++, i += 4)
          state[w] = state[w]! ^ ((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!);
      else
        for (let i = at; i < end; i++)
          state[(i - at) >> 2] = state[(i - at) >> 2]! ^ (bytes[i]! << (24 - ((i - at) & 3) * 8));
      this.#multiply();
    }
  }

  /** The last block: both lengths, in octets. */
  addLengths(additional: number, text: number): void {
    const { state } = this;
    state[1] = state[1]! ^ (additional * 8);
    state[3] = state[3]! ^ (text * 8);
    this.#multiply();
  }

  #multiply(): void {
    const table = this.#table;
    const { state } = this;
    let z0 = 0;
    let z1 = 0;
    let z2 = 0;
    let z3 = 0;
    for (let w = 3; w >= 0; w--) {
      const word = state[w]!;
      for (let shift = 0; shift < 32; shift += 4) {
        const out = z3 & 15;
        const entry = ((word >>> shift) & 15) << 2;
        z3 = ((z3 >>> 4) | (z2 << 28)) ^ table[entry + 3]!;
        z2 = ((z2 >>> 4) | (z1 << 28)) ^ table[entry + 2]!;
        z1 = ((z1 >>> 4) | (z0 << 28)) ^ table[entry + 1]!;
        z0 = (z0 >>> 4) ^ FOLD[out]! ^ table[entry]!;
      }
    }
    state[0] = z0;
    state[1] = z1;
    state[2] = z2;
    state[3] = z3;
  }
}
