/** What a document may be at all, before its verbs are looked at: plain JSON, of bounded depth and size, without the keys
 * that reach a prototype. The schema check after it can then recurse without fear. */
import { printable } from '../../base/index.ts';
import type { SchemaFault } from './types.ts';

export const documentLimits = { depth: 32, nodes: 20_000, stringLength: 100_000 } as const;

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** The JSON path of a member, as people write it. */
export function memberPath(path: string, key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return path === '' ? key : `${path}.${key.slice(0, 64)}`;
  return `${path}["${printable(key, 64)}"]`;
}

type Budget = { nodes: number };

/** The first thing that makes the value unfit, or undefined. */
export function guardDocument(value: unknown): SchemaFault | undefined {
  return guard(value, 0, { nodes: documentLimits.nodes });
}

// Paths are put together only on the way back from a fault: a sound document costs no strings.
function guard(value: unknown, depth: number, budget: Budget): SchemaFault | undefined {
  if (--budget.nodes < 0) return unfit(`at most ${documentLimits.nodes} values`, 'more');
  switch (typeof value) {
    case 'string':
      if (value.length <= documentLimits.stringLength) return undefined;
      return unfit(`at most ${documentLimits.stringLength} characters`, `${value.length}`);
    case 'number':
      return Number.isFinite(value) ? undefined : unfit('a finite number', String(value));
    case 'boolean':
      return undefined;
    case 'object':
      if (value === null) return undefined;
      if (depth >= documentLimits.depth) return unfit(`at most ${documentLimits.depth} levels`, 'deeper nesting');
      return Array.isArray(value) ? guardArray(value, depth, budget) : guardObject(value, depth, budget);
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      return unfit('JSON', typeof value);
  }
}

function guardArray(items: readonly unknown[], depth: number, budget: Budget): SchemaFault | undefined {
  for (let i = 0; i < items.length; i++) {
    const fault = guard(items[i], depth + 1, budget);
    if (fault !== undefined) return { ...fault, path: `[${i}]${joined(fault.path)}` };
  }
  return undefined;
}

function guardObject(value: object, depth: number, budget: Budget): SchemaFault | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return unfit('a plain object', 'an instance of a class');
  for (const key of Object.keys(value)) {
    if (forbidden.has(key)) return { ...unfit('no key of that name', 'a reserved name'), path: memberPath('', key) };
    const fault = guard((value as Record<string, unknown>)[key], depth + 1, budget);
    if (fault !== undefined) return { ...fault, path: memberPath('', key) + joined(fault.path) };
  }
  return undefined;
}

function joined(path: string): string {
  return path === '' || path.startsWith('[') ? path : `.${path}`;
}

function unfit(expected: string, got: string): SchemaFault {
  return { path: '', expected, got };
}
