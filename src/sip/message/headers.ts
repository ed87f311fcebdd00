import { hasControl, isToken } from './characters.ts';
import { headerKey, type HeaderKind, knownHeader, labelOf } from './names.ts';
import { splitList } from './split.ts';
import type { Headers } from './types.ts';

/** Thrown where code tries to put a name or value into a message that would break it open (attack D1). */
export class HeaderFault extends Error {
  constructor(name: string, why: string) {
    super(`header ${JSON.stringify(name)} ${why}`);
    this.name = 'HeaderFault';
  }
}

/** The header fields of one message. Nothing can be stored in it that would change the framing when printed. */
export class HeaderFields implements Headers {
  /** How each line begins in print: the break before it, the name and the colon. */
  readonly #labels: string[] = [];
  /** As compared: the name of known headers, in lower case that of others. */
  readonly #keys: string[] = [];
  readonly #values: string[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(name: string): string | undefined {
    const at = this.#named(name);
    if (at < 0) return undefined;
    const value = this.#values[at]!;
    if (!value.includes(',') || knownHeader(name)?.kind !== 'tokens') return value;
    return splitList(value)?.[0] ?? value;
  }

  /** `get` for a name spelt as we print it, of a header that is no token list. */
  first(key: string): string | undefined {
    const at = this.#find(key);
    return at < 0 ? undefined : this.#values[at];
  }

  all(name: string): readonly string[] {
    const known = knownHeader(name);
    const key = known?.name ?? name.toLowerCase();
    const out: string[] = [];
    const tokens = known?.kind === 'tokens';
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] !== key) continue;
      const value = this.#values[i]!;
      if (!tokens) out.push(value);
      else out.push(...(splitList(value) ?? [value]).filter((each) => each !== ''));
    }
    return out;
  }

  has(name: string): boolean {
    return this.#named(name) >= 0;
  }

  set(name: string, value: string): void {
    const known = checkField(name, value);
    const key = known?.name ?? name.toLowerCase();
    const at = this.#find(key);
    if (at < 0) return this.adopt(known?.label ?? labelOf(name), key, value);
    for (let i = this.#keys.length - 1; i > at; i--) if (this.#keys[i] === key) this.#remove(i);
    this.#values[at] = value;
  }

  append(name: string, value: string): void {
    const known = checkField(name, value);
    const key = known?.name ?? name.toLowerCase();
    const after = this.#keys.lastIndexOf(key) + 1;
    const label = known?.label ?? labelOf(name);
    if (after === 0 || after === this.#keys.length) this.adopt(label, key, value);
    else this.#insert(after, label, key, value);
  }

  prepend(name: string, value: string): void {
    const known = checkField(name, value);
    const key = known?.name ?? name.toLowerCase();
    this.#insert(Math.max(0, this.#find(key)), known?.label ?? labelOf(name), key, value);
  }

  delete(name: string): void {
    const key = headerKey(name);
    for (let i = this.#keys.length - 1; i >= 0; i--) if (this.#keys[i] === key) this.#remove(i);
  }

  /** Replaces the first value of this name only: the top Via. */
  replaceFirst(name: string, value: string): void {
    checkField(name, value);
    const at = this.#named(name);
    if (at >= 0) this.#values[at] = value;
  }

  /** Removes the first value of this name only: the top Via or Route. */
  removeFirst(name: string): void {
    const at = this.#named(name);
    if (at >= 0) this.#remove(at);
  }

  /** In order, as they will be printed. Token lists (Allow, Supported …) come unsplit. */
  entries(): IterableIterator<[name: string, value: string]> {
    return this.#labels.map((label, i): [string, string] => [label.slice(2, -2), this.#values[i]!]).values();
  }

  clone(): HeaderFields {
    const copy = new HeaderFields();
    for (let i = 0; i < this.#labels.length; i++) copy.adopt(this.#labels[i]!, this.#keys[i]!, this.#values[i]!);
    return copy;
  }

  /** Adds without looking: what a parser has checked or we have made ourselves. `serialize` looks once more. */
  adopt(label: string, key: string, value: string): void {
    this.#labels.push(label);
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** The same of a header we know. */
  own({ label, name }: HeaderKind, value: string): void {
    this.adopt(label, name, value);
  }

  /** The same of the one that comes first and only once: the Via of a request we send. */
  lead({ label, name }: HeaderKind, value: string): void {
    const at = this.#find(name);
    if (at < 0) this.#insert(0, label, name, value);
    else this.#values[at] = value;
  }

  /** Adds what a response repeats of its request, in one walk and in the request's order: RFC 3261 §8.2.6.2, and §12.1.1
   * where it may make a dialog. `tag` is added to the To. */
  echo(request: HeaderFields, status: number, tag: string | undefined): void {
    const dialogue = status > 100 && status < 300;
    for (let i = 0; i < request.#keys.length; i++) {
      const key = request.#keys[i]!;
      const echoed =
        key === 'Via' || key === 'From' || key === 'To' || key === 'Call-ID' || key === 'CSeq' ||
        (key === 'Record-Route' && dialogue) || (key === 'Timestamp' && status === 100); // prettier-ignore
      if (!echoed) continue;
      const value = request.#values[i]!;
      this.adopt(request.#labels[i]!, key, key === 'To' && tag !== undefined ? `${value};tag=${tag}` : value);
    }
  }

  /** How many lines `print` makes. */
  get lines(): number {
    let count = 0;
    for (const key of this.#keys) if (key !== 'Content-Length') count++;
    return count;
  }

  /** The lines as printed, a break before each; Content-Length left out: whoever prints knows the length of the body. */
  print(): string {
    let out = '';
    for (let i = 0; i < this.#labels.length; i++) {
      if (this.#keys[i] !== 'Content-Length') out += this.#labels[i]! + this.#values[i]!;
    }
    return out;
  }

  /** By any spelling; most callers use ours, which is the key itself. */
  #named(name: string): number {
    const at = this.#find(name);
    if (at >= 0) return at;
    const key = headerKey(name);
    return key === name ? -1 : this.#find(key);
  }

  #find(key: string): number {
    for (let i = 0; i < this.#keys.length; i++) if (this.#keys[i] === key) return i;
    return -1;
  }

  #insert(at: number, label: string, key: string, value: string): void {
    this.#labels.splice(at, 0, label);
    this.#keys.splice(at, 0, key);
    this.#values.splice(at, 0, value);
  }

  #remove(at: number): void {
    this.#labels.splice(at, 1);
    this.#keys.splice(at, 1);
    this.#values.splice(at, 1);
  }
}

/** Throws unless both may stand in a message. The header, where it is a known one. */
function checkField(name: string, value: string): HeaderKind | undefined {
  const known = knownHeader(name);
  if (known === undefined && !isToken(name)) throw new HeaderFault(name, 'is not a header name');
  if (hasControl(value)) throw new HeaderFault(name, 'has a control character in its value');
  return known;
}
