/** Reads YAML by the schema: fills defaults in, collects every fault with its line, keeps where each value was written. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Fault, nearest } from './faults.ts';

/** The part of JSON Schema that our schema uses. */
export type Shape = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly secret?: boolean;
  readonly file?: boolean;
  readonly url?: boolean;
};

export type Reading = {
  readonly value: unknown;
  readonly faults: Fault[];
  /** Paths whose value is not what the schema promises. */
  readonly broken: readonly string[];
  /** Line of every path that the file names. */
  readonly lines: ReadonlyMap<string, number>;
};

/** Keys stay out of the way of JavaScript's own. */
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

export function readYaml(source: string, shape: Shape): Reading {
  const counter = new LineCounter();
  const document = parseDocument(source, { lineCounter: counter, prettyErrors: false, logLevel: 'silent' });
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    line: counter.linePos(error.pos[0]).line,
    path: '',
    message: `not valid YAML: ${error.message}`,
  }));
  const reader = new Reader(document, counter);
  const value = faults.length > 0 ? undefined : reader.read(document.contents as Node | null, shape, '');
  // Of what is no YAML nothing can be told.
  const broken = faults.length > 0 ? [''] : reader.broken;
  return { value, faults: [...faults, ...reader.faults], broken, lines: reader.lines };
}

class Reader {
  readonly faults: Fault[] = [];
  readonly broken: string[] = [];
  readonly lines = new Map<string, number>();
  readonly #document: Document;
  readonly #counter: LineCounter;

  constructor(document: Document, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  read(written: Node | null | undefined, shape: Shape, path: string): unknown {
    const node = isAlias(written) ? written.resolve(this.#document) : written;
    if (node !== null && node !== undefined) this.lines.set(path, this.#line(written));
    if (shape.anyOf !== undefined) {
      const fits = shape.anyOf.find((each) => each.type === (isMap(node) ? 'object' : 'string'));
      return this.read(written, fits ?? {}, path);
    }
    if (isEmpty(node) && shape.type !== 'string' && 'default' in shape) return structuredClone(shape.default);
    switch (shape.type) {
      case 'object':
        return this.#object(node, shape, path);
      case 'array':
        return this.#array(node, shape, path);
      case undefined:
        return node?.toJS(this.#document, { maxAliasCount: 100 });
      default:
        return this.#scalar(node, shape, path);
    }
  }

  #object(node: Node | null | undefined, shape: Shape, path: string): unknown {
    if (!isEmpty(node) && !isMap(node)) return this.#fault(node, path, 'expected keys and values here');
    const map = isMap(node) ? (node as YAMLMap) : undefined;
    if (shape.properties === undefined) return this.#record(map, shape, path);
    const result: Record<string, unknown> = {};
    const known = Object.keys(shape.properties);
    for (const pair of map?.items ?? []) this.#unknownKey(pair, known, path);
    for (const [key, part] of Object.entries(shape.properties)) {
      const here = path === '' ? key : `${path}.${key}`;
      const child = map?.get(key, true) as Node | undefined;
      const isSection = part.type === 'object' && shape.required?.includes(key) === true;
      if (child !== undefined || isSection) result[key] = this.read(child, part, here);
      else if ('default' in part) result[key] = structuredClone(part.default);
      else if (shape.required?.includes(key) === true) this.#fault(node, here, `is missing${meaning(part)}`);
    }
    return result;
  }

  #unknownKey(pair: Pair, known: readonly string[], path: string): void {
    const key = isScalar(pair.key) ? String(pair.key.value) : '?';
    if (known.includes(key)) return;
    const close = nearest(key, known);
    const hint = close === undefined ? `known here: ${known.join(', ')}` : `did you mean '${close}'?`;
    this.#complain(pair.key as Node, path === '' ? key : `${path}.${key}`, `unknown key; ${hint}`);
  }

  #record(map: YAMLMap | undefined, shape: Shape, path: string): unknown {
    const part = Object.values(shape.patternProperties ?? {})[0] ?? {};
    const result: Record<string, unknown> = {};
    for (const pair of map?.items ?? []) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (key === '' || forbidden.has(key)) this.#complain(pair.key as Node, path, `'${key}' cannot be a name here`);
      else result[key] = this.read(pair.value as Node | null, part, `${path}.${key}`);
    }
    return result;
  }

  #array(node: Node | null | undefined, shape: Shape, path: string): unknown {
    if (!isSeq(node)) return this.#fault(node, path, `expected a list${meaning(shape)}`);
    const { minItems = 0, maxItems = Infinity } = shape;
    if (node.items.length < minItems) this.#fault(node, path, `expected at least ${minItems}`);
    if (node.items.length > maxItems)
      return this.#fault(node, path, `expected at most ${maxItems}, found ${node.items.length}`);
    return node.items.map((item, i) => this.read(item as Node | null, shape.items ?? {}, `${path}[${i}]`));
  }

  #scalar(node: Node | null | undefined, shape: Shape, path: string): unknown {
    const value = isScalar(node) ? node.value : undefined;
    const wrong = wrongScalar(value, shape);
    if (wrong === undefined) return value;
    return this.#fault(node, path, `expected ${wrong}${found(node, value, shape)}`);
  }

  #fault(node: Node | null | undefined, path: string, message: string): undefined {
    this.broken.push(path);
    this.#complain(node, path, message);
    return undefined;
  }

  #complain(node: Node | null | undefined, path: string, message: string): void {
    this.faults.push({ line: node?.range ? this.#line(node) : this.#above(path), path, message });
  }

  #line(node: Node | null | undefined): number {
    return node?.range ? this.#counter.linePos(node.range[0]).line : 0;
  }

  /** The line of the nearest thing around `path` that the file has. */
  #above(path: string): number {
    for (let at = path; at !== ''; at = at.replace(/(?:^|\.)[^.[]+$|\[\d+\]$/, '')) {
      const line = this.lines.get(at);
      if (line !== undefined) return line;
    }
    return 1;
  }
}

function isEmpty(node: Node | null | undefined): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function meaning(shape: Shape): string {
  return shape.description === undefined ? '' : ` (${shape.description})`;
}

/** What was expected, when `value` is not that. */
function wrongScalar(value: unknown, shape: Shape): string | undefined {
  const { minimum = -Infinity, maximum = Infinity } = shape;
  switch (shape.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'integer':
      if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum)
        return undefined;
      return `a whole number from ${minimum} to ${maximum}`;
    case 'number':
      if (typeof value === 'number' && value > (shape.exclusiveMinimum ?? -Infinity) && value <= maximum)
        return undefined;
      return `a number above ${shape.exclusiveMinimum}, at most ${maximum}`;
    default:
      return wrongText(value, shape);
  }
}

function wrongText(value: unknown, shape: Shape): string | undefined {
  if (shape.enum !== undefined)
    return shape.enum.includes(value as string) ? undefined : `one of ${shape.enum.join(', ')}`;
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? 'text in quotes' : 'text';
  if (value.length < (shape.minLength ?? 0)) return 'text that is not empty';
  return hasControl(value) ? 'text without control characters' : undefined;
}

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) < 0x20 || value.charCodeAt(i) === 0x7f) return true;
  return false;
}

/** What stands there instead; a secret is not repeated. */
function found(node: Node | null | undefined, value: unknown, shape: Shape): string {
  if (shape.secret === true) return '';
  if (isMap(node)) return ', found keys and values';
  if (isSeq(node)) return ', found a list';
  if (value === null || value === undefined) return ', found nothing';
  const close = shape.enum && nearest(String(value), shape.enum);
  return `, found ${JSON.stringify(value).slice(0, 60)}${close === undefined ? '' : `; did you mean '${close}'?`}`;
}
