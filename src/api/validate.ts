/** Checks requests against their schemas and says in plain words what is wrong: the field, what it should be, what came. */
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { type Detail, invalid } from './errors.ts';
import { oneLine } from './schema.ts';

type Node = Readonly<Record<string, unknown>>;

const maxDetails = 20;
// The library stops at eight, and each branch of a choice counts: the second wrong field would go unmentioned.
Settings.Set({ maxErrors: 200 });

/** The schema that rules the value at this path. */
function nodeAt(schema: Node, path: readonly string[]): Node | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const properties = schema['properties'] as Record<string, Node> | undefined;
  const [named] = Object.values((schema['patternProperties'] as Record<string, Node> | undefined) ?? {});
  const next = properties?.[name] ?? (/^\d+$/.test(name) ? (schema['items'] as Node | undefined) : named);
  if (next !== undefined) return nodeAt(next, rest);
  for (const option of (schema['anyOf'] as Node[] | undefined) ?? []) {
    const found = nodeAt(option, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function range(node: Node, low: string, high: string): string {
  const [from, to] = [node[low], node[high]];
  if (from !== undefined && to !== undefined) return ` from ${String(from)} to ${String(to)}`;
  if (from !== undefined) return ` of at least ${String(from)}`;
  return to === undefined ? '' : ` of at most ${String(to)}`;
}

/** The schema in words. */
export function expectedOf(node: Node): string {
  if (node['const'] !== undefined) return JSON.stringify(node['const']);
  if (Array.isArray(node['anyOf'])) {
    if (typeof node['description'] === 'string') return node['description'];
    const options = (node['anyOf'] as Node[]).filter((each) => each['type'] !== 'null');
    const words = [...new Set(options.map(expectedOf))];
    const constants = options.every((each) => each['const'] !== undefined);
    return constants && words.length > 1 ? `one of ${words.join(', ')}` : words.join(', or ');
  }
  if (Array.isArray(node['enum'])) {
    const values = node['enum'] as unknown[];
    return values.length === 1
      ? JSON.stringify(values[0])
      : `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  switch (node['type']) {
    case 'string':
      if (node['pattern'] === oneLine) return `a string of 1 to ${String(node['maxLength'])} characters on one line`;
      if (node['pattern'] !== undefined)
        return String(node['description'] ?? `text that matches ${String(node['pattern'])}`);
      return node['maxLength'] === undefined ? 'a string' : `a string of 1 to ${String(node['maxLength'])} characters`;
    case 'integer':
      return `a whole number${range(node, 'minimum', 'maximum')}`;
    case 'number':
      return `a number${range(node, 'minimum', 'maximum')}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    default:
      return String(node['description'] ?? 'something else');
  }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** What came, shortly; never its text in full: it may be a secret. */
function gotOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string')
    return value.length === 0 ? 'an empty string' : `a string of ${value.length} characters`;
  return `${typeof value} ${String(value)}`;
}

type Fault = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
};

function split(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function unknownField(schema: Node, pointer: string, name: string): Detail {
  const known = Object.keys((nodeAt(schema, split(pointer))?.['properties'] as object | undefined) ?? {});
  const path = `${pointer}/${name.slice(0, 64)}`;
  return { path, expected: 'left out: there is no such field', fix: `Known fields: ${known.join(', ')}` };
}

function detailsOf(schema: Node, value: unknown, faults: readonly Fault[]): Detail[] {
  const details = new Map<string, Detail>();
  const add = (detail: Detail) => {
    if (!details.has(detail.path) && details.size < maxDetails) details.set(detail.path, detail);
  };
  const unknown = new Set<string>();
  for (const { keyword, instancePath, params } of faults) {
    if (keyword !== 'additionalProperties') continue;
    for (const name of params['additionalProperties'] as string[]) {
      unknown.add(`${instancePath}/${name}`);
      add(unknownField(schema, instancePath, name));
    }
  }
  for (const { keyword, instancePath, params } of faults) {
    if (keyword === 'additionalProperties' || unknown.has(instancePath)) continue;
    if (keyword === 'required') {
      for (const name of params['requiredProperties'] as string[]) {
        const path = `${instancePath}/${name}`;
        add({ path, expected: expectedOf(nodeAt(schema, split(path)) ?? {}), got: 'nothing' });
      }
      continue;
    }
    const path = split(instancePath);
    const node = nodeAt(schema, path) ?? {};
    // A choice of objects reports each of its branches; the innermost fault is the useful one.
    add({ path: instancePath, expected: expectedOf(node), got: gotOf(valueAt(value, path)) });
  }
  const all = [...details.values()];
  // An object is not wrong beside its member that is.
  return all.filter(({ path, got }) => got !== 'an object' || !all.some((each) => each.path.startsWith(`${path}/`)));
}

const words: Readonly<Record<string, string>> = { body: 'the body', querystring: 'the query', params: 'the path' };

/** Compiled with the first value: all of them at once would keep the server from starting for a while. */
function whenNeeded(schema: TSchema): () => Validator {
  let compiled: Validator | undefined;
  return () => (compiled ??= Compile(schema));
}

/** What is wrong with a value, a sentence each; empty when nothing is. */
export function checker(schema: TSchema): (value: unknown) => readonly Detail[] {
  const compiled = whenNeeded(schema);
  return (value) =>
    compiled().Check(value) ? [] : detailsOf(schema as Node, value, compiled().Errors(value) as unknown as Fault[]);
}

/** A validator as fastify wants one. Query values are text and are converted first. */
export function validatorFor(schema: TSchema, part: string): (value: unknown) => { value: unknown } | { error: Error } {
  const compiled = whenNeeded(schema);
  return (given) => {
    const value = part === 'body' ? given : Value.Convert(schema, given);
    if (compiled().Check(value)) return { value };
    const faults = compiled().Errors(value) as unknown as Fault[];
    return { error: invalid(words[part] ?? part, detailsOf(schema as Node, value, faults)) };
  };
}
