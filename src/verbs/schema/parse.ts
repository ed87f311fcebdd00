/** An application's answer to verbs. Strict, as decisions.md asks: what is not documented is named and refused. */
import { Compile, type Validator } from 'typebox/compile';
import { describeValue, findFaults, meant } from './faults.ts';
import { guardDocument, memberPath } from './guard.ts';
import { nearest } from './nearest.ts';
import { normalise } from './normalise.ts';
import type { SchemaFault, Verb } from './types.ts';
import { verbAliases, verbSchemas } from './verb-schemas.ts';

export type ParsedApplication =
  | { readonly ok: true; readonly verbs: Verb[] }
  | { readonly ok: false; readonly faults: SchemaFault[] };

const mostVerbs = 1000;
const mostFaults = 20;
const compiled = new Map<string, Validator>();

/** Checks a whole document and types it. Never throws. */
export function parseApplication(payload: unknown): ParsedApplication {
  if (!Array.isArray(payload)) return refused({ path: '', expected: 'must be array', got: describeValue(payload) });
  if (payload.length > mostVerbs)
    return refused({ path: '', expected: `at most ${mostVerbs} verbs`, got: `${payload.length}` });
  const unfit = guardDocument(payload);
  if (unfit !== undefined) return refused(unfit);
  const verbs: Verb[] = [];
  const faults: SchemaFault[] = [];
  for (let i = 0; i < payload.length && faults.length < mostFaults; i++) {
    const parsed = parseVerb(payload[i], i);
    if (Array.isArray(parsed)) faults.push(...parsed);
    else verbs.push(parsed);
  }
  return faults.length === 0 ? { ok: true, verbs } : { ok: false, faults: faults.slice(0, mostFaults) };
}

function refused(fault: SchemaFault): ParsedApplication {
  return { ok: false, faults: [fault] };
}

function parseVerb(element: unknown, index: number): Verb | SchemaFault[] {
  const path = `[${index}]`;
  if (typeof element !== 'object' || element === null || Array.isArray(element))
    return [{ path, expected: 'a verb (an object)', got: describeValue(element) }];
  const fields = element as Record<string, unknown>;
  if (Object.hasOwn(fields, 'verb')) {
    if (typeof fields['verb'] === 'string') return checked(fields['verb'], fields, path, `${path}.verb`);
    return [{ path: `${path}.verb`, expected: 'the name of a verb', got: describeValue(fields['verb']) }];
  }
  const names = Object.keys(fields);
  const [name] = names;
  if (name === undefined || names.length > 1)
    return [
      { path, expected: '{"verb": name, …} or {name: {…}}', got: `an object with ${names.length} keys and no "verb"` },
    ];
  return checked(name, fields[name], memberPath(path, name), path);
}

function checked(given: string, fields: unknown, path: string, namePath: string): Verb | SchemaFault[] {
  const name = Object.hasOwn(verbAliases, given) ? (verbAliases[given] ?? given) : given;
  const schema = Object.hasOwn(verbSchemas, name) ? verbSchemas[name] : undefined;
  if (schema === undefined) return [unknownVerb(given, namePath)];
  let validator = compiled.get(name);
  if (validator === undefined) compiled.set(name, (validator = Compile(schema)));
  if (validator.Check(fields)) return normalise(name, fields as Record<string, unknown>);
  return findFaults(schema, fields, path);
}

function unknownVerb(given: string, path: string): SchemaFault {
  const near = nearest(given, [...Object.keys(verbSchemas), ...Object.keys(verbAliases)]);
  return {
    path,
    expected: 'a known verb',
    got: describeValue(given),
    hint: near === undefined ? `known: ${Object.keys(verbSchemas).join(', ')}` : meant(near),
  };
}

/** Faults as one line of text, for alerts and logs. */
export function describeFaults(faults: readonly SchemaFault[]): string {
  return faults
    .map(
      ({ path, expected, got, hint }) =>
        `${path === '' ? 'document' : path}: expected ${expected}, got ${got}${hint === undefined ? '' : ` (${hint})`}`,
    )
    .join('; ');
}
