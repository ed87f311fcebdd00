/** How something ends that one thread makes and others use while it grows: whole, or broken and why. It lies in shared
 * memory, so that nobody has to be told.
 *
 *  ┌ Int32 state ┬ Int32 length of the fault ┬ its text, UTF-8 … */
const STATE = 0;
const LENGTH = 1;
const TEXT_AT = 8;
const TEXT_BYTES = 240;

const GROWING = 0;
/** The fault is being written: still growing for those who look. */
const ENDING = 1;
const WHOLE = 2;
const BROKEN = 3;

export class SharedFate {
  /** Room it takes. */
  static readonly bytes = TEXT_AT + TEXT_BYTES;
  readonly #head: Int32Array;
  readonly #text: Uint8Array;

  /** `at`: where in the memory it lies, a multiple of four. */
  constructor(memory: SharedArrayBuffer, at: number) {
    this.#head = new Int32Array(memory, at, 2);
    this.#text = new Uint8Array(memory, at + TEXT_AT, TEXT_BYTES);
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return Atomics.load(this.#head, STATE) >= WHOLE;
  }

  /** Why it ended before its time; undefined where it did not. */
  get fault(): string | undefined {
    if (Atomics.load(this.#head, STATE) !== BROKEN) return undefined;
    return new TextDecoder().decode(this.#text.slice(0, this.#head[LENGTH]!));
  }

  /** The first end counts. */
  end(fault?: string): void {
    if (Atomics.compareExchange(this.#head, STATE, GROWING, ENDING) !== GROWING) return;
    if (fault !== undefined) {
      const { written } = new TextEncoder().encodeInto(fault, this.#text);
      this.#head[LENGTH] = written;
    }
    Atomics.store(this.#head, STATE, fault === undefined ? WHOLE : BROKEN);
  }
}
