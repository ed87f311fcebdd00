/** System handles that a worker of the batched path holds, in memory shared with the main thread: Node knows nothing of
 * them, so the main thread closes them when the thread has ended, in whatever way.
 *
 *    Float64: doorbell | number of maps | number of handles | 8 × (address, length) | handles …
 */
const DOORBELL = 0;
const MAPS = 1;
const HANDLES = 2;
const FIRST_MAP = 3;
const MAX_MAPS = 8;
const FIRST_HANDLE = FIRST_MAP + MAX_MAPS * 2;

export class Handles {
  readonly memory: SharedArrayBuffer;
  readonly #words: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Float64Array(memory);
  }

  /** Room for the sockets of `pairs` pairs of ports. */
  static for(pairs: number): Handles {
    return new Handles(new SharedArrayBuffer(8 * (FIRST_HANDLE + 8 + pairs * 2)));
  }

  /** What wakes the worker; 0 when it is on its event loop. */
  get doorbell(): number {
    return this.#words[DOORBELL]!;
  }

  set doorbell(handle: number) {
    this.#words[DOORBELL] = handle;
    this.add(handle);
  }

  /** The worker went on without it: nobody rings, all of it is still closed in the end. */
  silence(): void {
    this.#words[DOORBELL] = 0;
  }

  get empty(): boolean {
    return this.#words[HANDLES] === 0;
  }

  add(handle: number): void {
    this.#words[FIRST_HANDLE + this.#words[HANDLES]!] = handle;
    this.#words[HANDLES]!++;
  }

  remove(handle: number): void {
    const at = this.#words.indexOf(handle, FIRST_HANDLE);
    if (at >= 0) this.#words[at] = this.#words[FIRST_HANDLE + --this.#words[HANDLES]!]!;
  }

  addMap(address: number, length: number): void {
    const at = FIRST_MAP + this.#words[MAPS]! * 2;
    this.#words[at] = address;
    this.#words[at + 1] = length;
    this.#words[MAPS]!++;
  }

  /** Takes all of it out. */
  drain(close: (handle: number) => void, unmap: (address: number, length: number) => void): void {
    for (let i = 0; i < this.#words[HANDLES]!; i++) close(this.#words[FIRST_HANDLE + i]!);
    for (let i = 0; i < this.#words[MAPS]!; i++)
      unmap(this.#words[FIRST_MAP + i * 2]!, this.#words[FIRST_MAP + i * 2 + 1]!);
    this.#words.fill(0);
  }
}
