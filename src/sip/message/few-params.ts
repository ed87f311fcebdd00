/** Parameters as they were read: seldom more than three, and a Map of three costs three times as much to fill as a list to
 * search. Past `most` a Map takes over, since strangers write as many as they like. */
import type { Params } from './types.ts';

const most = 16;

export class FewParams implements Params {
  readonly names: string[] = [];
  readonly given: (string | true)[] = [];
  #rest: Map<string, string | true> | undefined;

  get size(): number {
    return this.names.length;
  }

  /** Adds one that is not there yet; false when it is. */
  add(name: string, value: string | true): boolean {
    if (this.has(name)) return false;
    this.names.push(name);
    this.given.push(value);
    if (this.#rest !== undefined) this.#rest.set(name, value);
    else if (this.names.length > most) this.#rest = new Map(this);
    return true;
  }

  get(name: string): string | true | undefined {
    if (this.#rest !== undefined) return this.#rest.get(name);
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : this.given[at];
  }

  has(name: string): boolean {
    return this.#rest === undefined ? this.names.includes(name) : this.#rest.has(name);
  }

  forEach(each: (value: string | true, name: string, all: Params) => void): void {
    for (const [name, value] of this.entries()) each(value, name, this);
  }

  entries(): MapIterator<[string, string | true]> {
    return this.names.map((name, at): [string, string | true] => [name, this.given[at] ?? true]).values();
  }

  keys(): MapIterator<string> {
    return this.names.values();
  }

  values(): MapIterator<string | true> {
    return this.given.values();
  }

  [Symbol.iterator](): MapIterator<[string, string | true]> {
    return this.entries();
  }
}
