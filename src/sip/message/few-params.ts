/** Parameters as they were read: seldom more than three, and a Map of three costs three times as much to fill as a list to
 * search. Past `most` a Map takes over, since strangers write as many as they like. */
import type { Params } from './types.ts';

const most = 16;

type Value = string | true;
type Param = { readonly name: string; readonly value: Value; next: Param | undefined };

export class FewParams implements Params {
  readonly #first: Param;
  /** All, of too many. */
  #many: Map<string, Value> | undefined = undefined;

  constructor(name: string, value: Value) {
    this.#first = { name, value, next: undefined };
  }

  get size(): number {
    if (this.#many !== undefined) return this.#many.size;
    let count = 0;
    for (let at: Param | undefined = this.#first; at !== undefined; at = at.next) count++;
    return count;
  }

  /** Adds one that is not there yet; false when it is. */
  add(name: string, value: Value): boolean {
    if (this.#many !== undefined) return !this.#many.has(name) && this.#many.set(name, value).size > 0;
    let count = 1;
    let last = this.#first;
    while (last.name !== name && last.next !== undefined) {
      last = last.next;
      count++;
    }
    if (last.name === name) return false;
    if (count < most) last.next = { name, value, next: undefined };
    else this.#many = new Map([...this.entries(), [name, value]]);
    return true;
  }

  get(name: string): Value | undefined {
    return this.#many === undefined ? this.#find(name)?.value : this.#many.get(name);
  }

  has(name: string): boolean {
    return this.#many === undefined ? this.#find(name) !== undefined : this.#many.has(name);
  }

  forEach(each: (value: Value, name: string, all: Params) => void): void {
    for (const [name, value] of this.entries()) each(value, name, this);
  }

  entries(): MapIterator<[string, Value]> {
    if (this.#many !== undefined) return this.#many.entries();
    const out: [string, Value][] = [];
    for (let at: Param | undefined = this.#first; at !== undefined; at = at.next) out.push([at.name, at.value]);
    return out.values();
  }

  keys(): MapIterator<string> {
    return Array.from(this.entries(), ([name]) => name).values();
  }

  values(): MapIterator<Value> {
    return Array.from(this.entries(), ([, value]) => value).values();
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  #find(name: string): Param | undefined {
    let at: Param | undefined = this.#first;
    while (at !== undefined && at.name !== name) at = at.next;
    return at;
  }
}
