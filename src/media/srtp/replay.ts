/** Which of the last packets have been there: a ring of bits about the highest index. RFC 3711 §3.3.2 wants 64 at least. */
const SIZE = 256;
const MASK = SIZE - 1;

export class ReplayWindow {
  /** -1 before the first. */
  highest = -1;
  readonly #seen = new Uint8Array(SIZE);

  /** It was there before, or is too old to know. */
  has(index: number): boolean {
    if (index > this.highest) return false;
    return this.highest - index >= SIZE || this.#seen[index % SIZE] === 1;
  }

  /** Only for what `has` denied. */
  add(index: number): void {
    if (index > this.highest) {
      // What the window moves on to has not been there, whatever stood in its place a round ago.
      const fresh = this.highest < 0 ? SIZE : Math.min(SIZE, index - this.highest);
      for (let i = 0, at = index % SIZE; i < fresh; i++, at = (at - 1) & MASK) this.#seen[at] = 0;
      this.highest = index;
    }
    this.#seen[index % SIZE] = 1;
  }
}
