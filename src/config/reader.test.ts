import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Check } from 'typebox/value';
import { stringify } from 'yaml';
import { nearest } from './faults.ts';
import { readYaml, type Shape } from './reader.ts';
import { schema } from './schema.ts';

const shape = schema as unknown as Shape;
const example = readFileSync(new URL('./testdata/interface.yaml', import.meta.url), 'utf8');

describe('the reader and the schema', () => {
  it('what the reader accepts, TypeBox accepts as the type we declare', () => {
    for (const text of ['', example]) {
      const { value, faults } = readYaml(text, shape);
      assert.deepEqual(faults, []);
      assert.ok(Check(schema, value));
    }
  });

  it('whatever is put in place of a value, there is a fault or a value of the right type; never a throw', () => {
    const { value } = readYaml(example, shape);
    const paths = leaves(value);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, junk) => {
        const copy = structuredClone(value);
        put(copy, path, junk);
        const { value: read, faults } = readYaml(stringify(copy), shape);
        assert.ok(
          faults.length > 0 || Check(schema, read),
          `${path.join('.')} = ${JSON.stringify(junk)} slipped through`,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('any text at all is read or refused, never thrown out of', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:-,&*!|>\'"#\n a1.%@`?~\t'.split('')) }), (text) => {
        readYaml(text, shape);
      }),
      { numRuns: 500 },
    );
  });

  it('every key has a description, and every default satisfies its own rule', () => {
    const bad: string[] = [];
    walk(shape, '', (part, path) => {
      if (part.description === undefined && part.type !== 'object' && part.anyOf === undefined)
        bad.push(`${path}: no description`);
      if ('default' in part && readYaml(stringify({ x: part.default }), wrapped(part)).faults.length > 0)
        bad.push(`${path}: default`);
    });
    assert.deepEqual(bad, []);
  });

  it('the nearest name is offered only when it is near', () => {
    assert.equal(nearest('lissen', ['listen', 'domain']), 'listen');
    assert.equal(nearest('drain', ['drain_seconds', 'listen']), undefined);
    assert.equal(nearest('xyz', ['listen', 'domain']), undefined);
  });
});

function wrapped(part: Shape): Shape {
  return { type: 'object', properties: { x: part }, required: ['x'] };
}

function walk(part: Shape, path: string, visit: (part: Shape, path: string) => void): void {
  for (const [key, child] of Object.entries(part.properties ?? {})) {
    visit(child, `${path}.${key}`);
    walk(child, `${path}.${key}`, visit);
  }
  if (part.items?.properties !== undefined) walk(part.items, `${path}[]`, visit);
  for (const each of part.anyOf ?? []) walk(each, path, visit);
}

type Path = (string | number)[];

function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => [[...path, key], ...leaves(each, [...path, key])]);
}

function put(root: unknown, path: Path, value: unknown): void {
  let at = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = value;
}
