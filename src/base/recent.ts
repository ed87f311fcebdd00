/** What was told or worked out lately, by key: the last `size` for sure, at most twice as many. To let go of the oldest one by
 * one costs a walk over the holes that those before it left in a Map; here all of the older half go together. */
export class Recent<Key, Value> {
  readonly #size: number;
  #now = new Map<Key, Value>();
  #before = new Map<Key, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: Key): Value | undefined {
    return this.#now.get(key) ?? this.#before.get(key);
  }

  set(key: Key, value: Value): void {
    if (this.#now.size >= this.#size) {
      this.#before = this.#now;
      this.#now = new Map();
    }
    this.#now.set(key, value);
  }
}
