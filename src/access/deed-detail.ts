/** What a request said, fit for the audit log: names of all fields, plain values of those that cannot be secrets. */

const secretName = /pass|secret|token|key|auth|credential|pwd|hash|csrf/i;
const longest = 120;
const mostFields = 40;

function shown(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (secretName.test(name)) return '***';
  // What is inside (verbs, hooks with credentials, variables) may be anything.
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'url' in value && typeof value.url === 'string' ? plainText(value.url) : '{…}';
  return typeof value === 'string' ? plainText(value) : value;
}

function plainText(value: string): string {
  if (value.length > longest) return `text of ${value.length} characters`;
  // A URL may carry credentials before its @ and anything behind its ?.
  return value.replace(/(:\/\/)[^/?#]*@/, '$1***@').replace(/^([a-z]+:\/\/[^?#]*)[?#].*$/i, '$1?…');
}

export function deedDetail(body: unknown): Record<string, unknown> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return {};
  const fields = Object.entries(body as Record<string, unknown>).slice(0, mostFields);
  return Object.fromEntries(fields.map(([name, value]) => [name.slice(0, 64), shown(name, value)]));
}
