/** Between a row of REST and the values of its form. */
import type { Field, Row } from './definition.ts';

export type Values = Record<string, unknown>;

export type Parsed = { readonly body: Values; readonly faults: Readonly<Record<string, string>> };

function blank(field: Field): unknown {
  switch (field.is) {
    case 'switch':
      return field.standard ?? false;
    case 'choice':
      return field.standard ?? null;
    case 'hook':
      return { url: '', method: 'POST', username: '', password: '' };
    default:
      return '';
  }
}

function shown(field: Field, value: unknown): unknown {
  if (value === undefined || value === null) return blank(field);
  switch (field.is) {
    case 'hook':
      return { ...(blank(field) as object), ...(typeof value === 'string' ? { url: value } : (value as object)) };
    case 'json':
      return indented(value);
    case 'list':
      return Array.isArray(value) ? value.join('\n') : String(value);
    default:
      return value;
  }
}

/** REST keeps app_json as text; people read it indented. */
function indented(value: unknown): string {
  try {
    return JSON.stringify(typeof value === 'string' ? JSON.parse(value) : value, null, 2);
  } catch {
    return String(value);
  }
}

export function valuesOf(fields: readonly Field[], row: Row | undefined): Values {
  return Object.fromEntries(fields.map((field) => [field.name, shown(field, row?.[field.name])]));
}

function hookOf(value: unknown): unknown {
  const { url = '', method = 'POST', username = '', password = '' } = (value ?? {}) as Record<string, string | null>;
  if (!url) return null;
  return { url, method, ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function sent(field: Field, value: unknown): unknown {
  switch (field.is) {
    case 'hook':
      return hookOf(value);
    case 'json':
      return String(value).trim() === '' ? null : (JSON.parse(String(value)) as unknown);
    case 'list': {
      const lines = String(value)
        .split(/[\n,]/)
        .map((line) => line.trim());
      const full = lines.filter((line) => line !== '');
      return full.length === 0 ? null : full;
    }
    default:
      return value === '' ? null : value;
  }
}

/** What goes to REST: all that is set of a new thing, of a changed one what was changed. */
export function bodyOf(fields: readonly Field[], values: Values, before: Values | undefined): Parsed {
  const body: Values = {};
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const { name } = field;
    if (field.when?.(values) === false) continue;
    if (before !== undefined && (field.once === true || same(values[name], before[name]))) continue;
    try {
      const value = sent(field, values[name]);
      if (value === null && (before === undefined || field.is === 'secret')) continue;
      body[name] = value;
    } catch (fault) {
      faults[`/${name}`] = `JSON, but: ${(fault as Error).message}`;
    }
  }
  return { body, faults };
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
