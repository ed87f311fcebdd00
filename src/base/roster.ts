/** Who is here now, by key: a Map for what comes and goes by the hundred a second. A Map that grows or is tidied copies its
 * table, and the old table still names whoever was in it: once that has lived through two collections it keeps them, and all
 * they hold, until the next full one, long after they left. Here a table names seats, and who leaves empties his.
 * docs/decisions/0022-young-garbage.md has the figures. */
type Seat<Value> = { value: Value | undefined };

export class Roster<Key, Value extends object> {
  readonly #seats = new Map<Key, Seat<Value>>();

  get size(): number {
    return this.#seats.size;
  }

  get(key: Key): Value | undefined {
    return this.#seats.get(key)?.value;
  }

  has(key: Key): boolean {
    return this.#seats.has(key);
  }

  set(key: Key, value: Value): void {
    const seat = this.#seats.get(key);
    if (seat === undefined) this.#seats.set(key, { value });
    else seat.value = value;
  }

  /** False when nobody was there. */
  delete(key: Key): boolean {
    const seat = this.#seats.get(key);
    if (seat === undefined) return false;
    seat.value = undefined;
    return this.#seats.delete(key);
  }

  clear(): void {
    for (const seat of this.#seats.values()) seat.value = undefined;
    this.#seats.clear();
  }

  keys(): IterableIterator<Key> {
    return this.#seats.keys();
  }

  /** In the order they came; whoever comes or goes meanwhile is seen or missed as in a Map. */
  *values(): IterableIterator<Value> {
    for (const { value } of this.#seats.values()) if (value !== undefined) yield value;
  }
}
