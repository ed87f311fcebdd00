/** Says what is wrong with a value that the compiled check refused: walks value and JSON Schema side by side. Knows just
 * the keywords that shapes.ts uses. Runs only for documents that are refused. */
import { printable } from '../../base/index.ts';
import { memberPath } from './guard.ts';
import { nearest } from './nearest.ts';
import type { SchemaFault } from './types.ts';

const most = 20;

type Schema = {
  readonly type?: string;
  readonly pattern?: string;
  /** Of a pattern, in words. */
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** Every fault of `value` against `schema`, at most twenty. Empty exactly when the value conforms. */
export function findFaults(schema: object, value: unknown, path: string): SchemaFault[] {
  const faults: SchemaFault[] = [];
  walk(schema as Schema, value, path, faults);
  return faults;
}

function walk(schema: Schema, value: unknown, path: string, faults: SchemaFault[]): void {
  if (faults.length >= most) return;
  if (schema.anyOf !== undefined) return walkUnion(schema, value, path, faults);
  if (!fits(schema, value)) {
    const hint =
      typeof value === 'string' && schema.enum !== undefined ? nearest(value, schema.enum as string[]) : undefined;
    faults.push({
      path,
      expected: describe(schema),
      got: describeValue(value),
      ...(hint !== undefined && { hint: meant(hint) }),
    });
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length && schema.items !== undefined; i++)
      walk(schema.items, value[i], `${path}[${i}]`, faults);
  } else if (typeof value === 'object' && value !== null) {
    walkObject(schema, value as Record<string, unknown>, path, faults);
  }
}

function walkUnion(union: Schema, value: unknown, path: string, faults: SchemaFault[]): void {
  const branches = union.anyOf ?? [];
  // The branch of the value's own JSON type is the one that was meant: its faults say most.
  const branch = branches.find((each) => fits(each, value)) ?? branches.find((each) => meantAs(each, value));
  if (branch !== undefined) return walk(branch, value, path, faults);
  const words = branches.flatMap((each) => each.enum ?? []).filter((each) => typeof each === 'string');
  const hint = typeof value === 'string' ? nearest(value, words) : undefined;
  const near = hint === undefined ? {} : { hint: meant(hint) };
  faults.push({ path, expected: describe(union), got: describeValue(value), ...near });
}

function walkObject(schema: Schema, value: Record<string, unknown>, path: string, faults: SchemaFault[]): void {
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue;
    faults.push({ path: memberPath(path, name), expected: describe(schema.properties?.[name] ?? {}), got: 'nothing' });
  }
  const known = schema.properties ?? {};
  for (const name of Object.keys(value)) {
    if (faults.length >= most) return;
    const own = Object.hasOwn(known, name) ? known[name] : undefined;
    if (own !== undefined) walk(own, value[name], memberPath(path, name), faults);
    else if (schema.additionalProperties === false) faults.push(unknownProperty(name, Object.keys(known), path));
    else if (typeof schema.additionalProperties === 'object')
      walk(schema.additionalProperties, value[name], memberPath(path, name), faults);
  }
}

function unknownProperty(name: string, known: readonly string[], path: string): SchemaFault {
  const near = nearest(name, known);
  const hint =
    near === undefined ? `known: ${known.filter((each) => each !== '_' && each !== 'verb').join(', ')}` : meant(near);
  return { path: memberPath(path, name), expected: 'a documented property', got: 'an unknown one', hint };
}

export function meant(name: string): string {
  return `did you mean "${name}"?`;
}

/** Does the value itself, its members aside, fit? */
function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  if (!sameType(schema, value)) return false;
  if (typeof value === 'string' && schema.pattern !== undefined) return new RegExp(schema.pattern, 'u').test(value);
  if (typeof value !== 'number') return true;
  if (schema.type === 'integer' && !Number.isInteger(value)) return false;
  return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
}

/** A list of words has no type of its own: it was not meant where another kind would have done as well. */
function meantAs(schema: Schema, value: unknown): boolean {
  return schema.enum === undefined && sameType(schema, value);
}

function sameType(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return typeof value === 'number';
    case undefined:
      return true;
    default:
      return typeof value === schema.type;
  }
}

function describe(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(describe).join(' or ');
  if (schema.pattern !== undefined) return schema.description ?? schema.pattern;
  if (schema.enum !== undefined) return `one of ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}`;
  const range = [
    ...(schema.minimum !== undefined ? [`at least ${schema.minimum}`] : []),
    ...(schema.maximum !== undefined ? [`at most ${schema.maximum}`] : []),
  ];
  return [article(schema.type ?? 'value'), ...range].join(', ');
}

function article(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** What a value is, in few characters; strings are cut, so that a secret or a novel does not reach the alert. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `"${printable(value, 40)}"`;
  return `${typeof value} ${String(value)}`;
}
