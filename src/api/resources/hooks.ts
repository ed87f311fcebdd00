/** Hooks as fields of a resource: a URL or an object in, always an object out. */
import type { HookTarget } from '../../ports/index.ts';
import type { Detail } from '../errors.ts';
import type { Fields } from './resource.ts';

export function hookOf(value: unknown): HookTarget | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return { url: value, method: 'POST' };
  const { url, method, username, password } = value as Record<string, string | null>;
  return {
    url: url as string,
    method: method === 'GET' ? 'GET' : 'POST',
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
}

/** Nothing is there that a relative one could be relative to. */
export function hookFaults(fields: Fields, names: readonly string[]): Detail[] {
  return names.flatMap((name) => {
    const hook = hookOf(fields[name]);
    if (hook === undefined || (/^(https?|wss?):\/\//i.test(hook.url) && URL.canParse(hook.url))) return [];
    const path = typeof fields[name] === 'string' ? `/${name}` : `/${name}/url`;
    return [{ path, expected: 'an absolute http, https, ws or wss URL', got: 'something else' }];
  });
}

/** With its password: `forPeople` takes it away. */
export function hookFields(hook: HookTarget | undefined): Record<string, unknown> | null {
  if (hook === undefined) return null;
  const { url, method = 'POST', username = null, password = null } = hook;
  return { url, method, username, password };
}

/** A hook that is sent back without its password keeps the one it has, as long as it goes to the same place. */
export function keepPassword(given: unknown, kept: unknown): unknown {
  if (given === null || typeof given !== 'object' || kept === null || typeof kept !== 'object') return given;
  const next = given as Record<string, unknown>;
  const before = kept as Record<string, unknown>;
  const same = next['url'] === before['url'] && next['username'] === before['username'];
  return same && next['password'] === undefined ? { ...next, password: before['password'] } : given;
}
