import { hasControl, isToken } from './characters.ts';
import { header, type HeaderKind, kindOf, knownHeader } from './names.ts';
import { splitList } from './split.ts';
import type { HeaderName, Headers } from './types.ts';

/** Thrown where code tries to put a name or value into a message that would break it open (attack D1). */
export class HeaderFault extends Error {
  constructor(name: string, why: string) {
    super(`header ${JSON.stringify(name)} ${why}`);
    this.name = 'HeaderFault';
  }
}

/** The header fields of one message. Nothing can be stored in it that would change the framing when printed. */
export class HeaderFields implements Headers {
  /** What each is: of a header we know always the same object, so that most searches compare no text. */
  readonly #kinds: HeaderKind[] = [];
  readonly #values: string[] = [];

  get size(): number {
    return this.#kinds.length;
  }

  get(name: HeaderName): string | undefined {
    const at = this.#find(name);
    if (at < 0) return undefined;
    const value = this.#values[at]!;
    if (this.#kinds[at]!.kind !== 'tokens' || !value.includes(',')) return value;
    return splitList(value)?.[0] ?? value;
  }

  all(name: HeaderName): readonly string[] {
    const first = this.#find(name);
    if (first < 0) return none;
    const { name: key, kind } = this.#kinds[first]!;
    const out: string[] = [];
    for (let i = first; i < this.#kinds.length; i++) {
      if (this.#kinds[i]!.name !== key) continue;
      const value = this.#values[i]!;
      if (kind !== 'tokens') out.push(value);
      else out.push(...(splitList(value) ?? [value]).filter((each) => each !== ''));
    }
    return out;
  }

  has(name: HeaderName): boolean {
    return this.#find(name) >= 0;
  }

  lists(kind: HeaderKind, token: string): boolean {
    for (let i = 0; i < this.#kinds.length; i++) {
      if (this.#kinds[i] === kind && hasToken(this.#values[i]!.toLowerCase(), token)) return true;
    }
    return false;
  }

  set(name: string, value: string): void {
    checkField(name, value);
    const at = this.#find(name);
    if (at < 0) return this.own(kindOf(name), value);
    const key = this.#kinds[at]!.name;
    for (let i = this.#kinds.length - 1; i > at; i--) if (this.#kinds[i]!.name === key) this.#remove(i);
    this.#values[at] = value;
  }

  append(name: string, value: string): void {
    checkField(name, value);
    const kind = kindOf(name);
    let last = this.#kinds.length - 1;
    while (last >= 0 && this.#kinds[last]!.name !== kind.name) last--;
    if (last < 0) this.own(kind, value);
    else this.#insert(last + 1, kind, value);
  }

  prepend(name: string, value: string): void {
    checkField(name, value);
    this.#insert(Math.max(0, this.#find(name)), kindOf(name), value);
  }

  delete(name: HeaderName): void {
    for (let at = this.#find(name); at >= 0; at = this.#find(name)) this.#remove(at);
  }

  /** Replaces the first value of this name only: the top Via. */
  replaceFirst(name: string, value: string): void {
    checkField(name, value);
    const at = this.#find(name);
    if (at >= 0) this.#values[at] = value;
  }

  /** Removes the first value of this name only: the top Via or Route. */
  removeFirst(name: string): void {
    const at = this.#find(name);
    if (at >= 0) this.#remove(at);
  }

  /** In order, as they will be printed. Token lists (Allow, Supported …) come unsplit. */
  entries(): IterableIterator<[name: string, value: string]> {
    return this.#kinds.map(({ label }, i): [string, string] => [label.slice(2, -2), this.#values[i]!]).values();
  }

  clone(): HeaderFields {
    const copy = new HeaderFields();
    for (let i = 0; i < this.#kinds.length; i++) copy.own(this.#kinds[i]!, this.#values[i]!);
    return copy;
  }

  /** Adds without looking: what a parser has checked or we have made ourselves. `serialize` looks once more. */
  own(kind: HeaderKind, value: string): void {
    this.#kinds.push(kind);
    this.#values.push(value);
  }

  /** The same of the one that comes first and only once: the Via of a request we send. */
  lead(kind: HeaderKind, value: string): void {
    const at = this.#find(kind);
    if (at < 0) this.#insert(0, kind, value);
    else this.#values[at] = value;
  }

  /** Adds what a response repeats of its request, in one walk and in the request's order: RFC 3261 §8.2.6.2, and §12.1.1
   * where it may make a dialog. `tag` is added to the To. */
  echo(request: HeaderFields, status: number, tag: string | undefined): void {
    const dialogue = status > 100 && status < 300;
    for (let i = 0; i < request.#kinds.length; i++) {
      const kind = request.#kinds[i]!;
      const echoed =
        kind === header.via || kind === header.from || kind === header.to || kind === header.callId || kind === header.cseq ||
        (kind === header.recordRoute && dialogue) || (kind === header.timestamp && status === 100); // prettier-ignore
      if (!echoed) continue;
      const value = request.#values[i]!;
      this.own(kind, kind === header.to && tag !== undefined ? `${value};tag=${tag}` : value);
    }
  }

  /** How many lines `print` makes. */
  get lines(): number {
    let count = 0;
    for (const kind of this.#kinds) if (kind !== header.contentLength) count++;
    return count;
  }

  /** The lines as printed, a break before each; Content-Length left out: whoever prints knows the length of the body. */
  print(): string {
    let out = '';
    for (let i = 0; i < this.#kinds.length; i++) {
      const kind = this.#kinds[i]!;
      if (kind !== header.contentLength) out += kind.label + this.#values[i]!;
    }
    return out;
  }

  /** Where its first value is; -1 when it has none. */
  #find(name: HeaderName): number {
    const kind = typeof name === 'string' ? knownHeader(name) : name;
    if (kind === undefined) return this.#findUnknown(name as string);
    for (let i = 0; i < this.#kinds.length; i++) if (this.#kinds[i] === kind) return i;
    return -1;
  }

  #findUnknown(name: string): number {
    const lower = name.toLowerCase();
    return this.#kinds.findIndex((each) => each.name === lower);
  }

  #insert(at: number, kind: HeaderKind, value: string): void {
    this.#kinds.splice(at, 0, kind);
    this.#values.splice(at, 0, value);
  }

  #remove(at: number): void {
    this.#kinds.splice(at, 1);
    this.#values.splice(at, 1);
  }
}

const none: readonly string[] = [];

/** Throws unless both may stand in a message. */
function checkField(name: string, value: string): void {
  if (knownHeader(name) === undefined && !isToken(name)) throw new HeaderFault(name, 'is not a header name');
  if (hasControl(value)) throw new HeaderFault(name, 'has a control character in its value');
}

/** Is this one of the tokens between the commas of a list? */
function hasToken(list: string, token: string): boolean {
  for (let at = list.indexOf(token); at >= 0; at = list.indexOf(token, at + 1)) {
    if (borders(list[at - 1]) && borders(list[at + token.length])) return true;
  }
  return false;
}

function borders(character: string | undefined): boolean {
  return character === undefined || character === ',' || character === ' ' || character === '\t';
}
