/** How far a file has come that is still being written: what threads that read it go by.
 *
 *  ┌ Int32 bytes there ┬ Int32 bytes expected, 0: unknown ┬ its fate (shared-fate.ts) …
 *
 * `bytes` only grows, and is set after the bytes are in the file. */
import { SharedFate } from './shared-fate.ts';

const THERE = 0;
const EXPECTED = 1;
const HEAD = 8;

export class Arrival {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #fate: SharedFate;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD + SharedFate.bytes)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, HEAD / 4);
    this.#fate = new SharedFate(memory, HEAD);
  }

  /** Ask `ended` before: then this is all there will be. */
  get bytes(): number {
    return Atomics.load(this.#head, THERE);
  }

  get expected(): number | undefined {
    const bytes = Atomics.load(this.#head, EXPECTED);
    return bytes === 0 ? undefined : bytes;
  }

  expect(bytes: number): void {
    Atomics.store(this.#head, EXPECTED, bytes);
  }

  grew(bytes: number): void {
    Atomics.add(this.#head, THERE, bytes);
  }

  get ended(): boolean {
    return this.#fate.ended;
  }

  get fault(): string | undefined {
    return this.#fate.fault;
  }

  end(fault?: string): void {
    this.#fate.end(fault);
  }
}
