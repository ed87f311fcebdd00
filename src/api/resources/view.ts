/** From entity to what people may see, and back from what they send. */
import type { Entities, Kind } from '../../ports/index.ts';
import { type Detail, invalid } from '../errors.ts';
import type { ApiDirectory } from '../options.ts';
import { keepPassword } from './hooks.ts';
import type { Fields, Resource } from './resource.ts';

function isHook(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, 'url') && Object.hasOwn(value, 'password');
}

/** The fields without secrets: those of the resource, and passwords inside hooks. */
export function forPeople<K extends Kind>(resource: Resource<K>, entity: Entities[K]): Fields {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(resource.toFields(entity))) {
    if (resource.secrets.includes(name)) continue;
    if (isHook(value)) {
      const { password: _, ...hook } = value;
      shown[name] = hook;
    } else shown[name] = value;
  }
  return shown;
}

/** What a change makes of the fields there are: only what was sent moves, secrets not sent stay. */
export function merged(before: Fields, sent: Fields): Fields {
  const next: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(sent)) next[name] = keepPassword(value, before[name]);
  return next;
}

/** What was sent, and with it that the parts of what it switches off are no longer set. */
export function withParts({ parts = {} }: Resource, sent: Fields): Fields {
  const off = Object.entries(parts).filter(([name]) => sent[name] === false);
  return { ...Object.fromEntries(off.flatMap(([, names]) => names.map((name) => [name, null]))), ...sent };
}

/** What there is, without its secrets when they would now go to another address. */
export function unlessMoved({ addresses = [], secrets }: Resource, before: Fields, sent: Fields): Fields {
  const moved = addresses.some((name) => sent[name] !== undefined && sent[name] !== before[name]);
  if (!moved) return before;
  return Object.fromEntries(Object.entries(before).filter(([name]) => !secrets.includes(name)));
}

/** Faults that need the directory: things named must exist, in the same account. */
export function checkFields(resource: Resource, fields: Fields, accountSid: string, directory: ApiDirectory): void {
  const faults: Detail[] = [];
  for (const { field, kind } of resource.pointers) {
    const target = fields[field];
    if (target === undefined || target === null || target === '') continue;
    const found = directory.get(kind, String(target)) as { accountSid?: string } | undefined;
    // The message is the same for what is nowhere and for what is another account's.
    if (found === undefined || found.accountSid !== accountSid) {
      faults.push({ path: `/${field}`, expected: `the sid of one of this account's ${kind}s`, got: 'an unknown sid' });
    }
  }
  faults.push(...(resource.check?.(fields, directory) ?? []));
  if (faults.length > 0) throw invalid(`the ${resource.noun}`, faults);
}
