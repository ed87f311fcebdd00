/** Line breaks in strings of REST: whatever might become a header of SIP or HTTP is refused, field by field. The fields are
 * those of the OpenAPI document. attacks.md D1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, ask, base, control, useServer } from './kit.test.ts';

useServer();

type Schema = {
  type?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
};
type Document = {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
};

/** Text that never leaves as a header: sids (they must be of something that is there), verbs and their JSON, passwords (they go into digests and hashes only), keys of
 * vendors, bodies. */
const notHeaders = new Set([
  'app_json',
  'password',
  'current_password',
  'register_password',
  'env_vars',
  'content',
  'token',
  'api_key',
  'auth_token',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'service_key',
]);

/** Paths of plain strings in a body. */
function* strings(schema: Schema, at: string[] = []): Generator<string[]> {
  if (schema.anyOf !== undefined) for (const each of schema.anyOf) yield* strings(each, at);
  else if (schema.type === 'string' && schema.enum === undefined && schema.const === undefined) yield at;
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* strings(each, [...at, name]);
}

function nested(path: readonly string[], value: string): object {
  return path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

type Field = { readonly method: string; readonly path: string; readonly field: readonly string[] };

/** Every string of every body that is not exempt. */
function fieldsOf({ paths }: Document): Field[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    ['post', 'put'].flatMap((method) => {
      const schema = methods[method]?.requestBody?.content['application/json']?.schema;
      if (schema === undefined || path === '/v1/session') return [];
      const plain = [...strings(schema)].filter(
        (field) => field.length > 0 && !field.some((each) => notHeaders.has(each) || each.endsWith('_sid')),
      );
      return plain.map((field) => ({ method: method.toUpperCase(), path, field }));
    }),
  );
}

async function refuses({ method, path, field }: Field, value: string): Promise<void> {
  const at = path.replace('{account_sid}', account).replaceAll(/\{\w+\}/g, 'some-sid');
  const answer = await ask(method, at, nested(field, value));
  const pointer = `/${field.join('/')}`;
  assert.equal(answer.status, 400, `${method} ${at} ${pointer}: ${answer.status}`);
  const named = answer.body.details?.some((each) => pointer.startsWith(each.path) && each.path !== '');
  assert.ok(named, `${method} ${path} ${pointer}: ${JSON.stringify(answer.body)}`);
}

test('a line break, NUL or other control in any single-line string is refused by the name of the field', async () => {
  const fields = fieldsOf((await (await fetch(`${base}/openapi.json`)).json()) as Document);
  assert.ok(fields.length > 150, `${fields.length} fields`);
  const asked = control.asked.length;
  const others = ['x\nX: 1', 'x\u0000y', '\u007f'];
  for (const [i, field] of fields.entries()) {
    await refuses(field, 'x\r\nX-Injected: 1');
    await refuses(field, others[i % others.length] ?? '');
  }
  assert.equal(control.asked.length, asked);
});

test('headers of a call: names and values that would break out are refused', async () => {
  const call = { from: '1', to: { type: 'sip', sipUri: 'sip:x@x.test' }, app_json: [{ verb: 'hangup' }] };
  for (const headers of [
    { 'X-A': 'x\r\nVia: y' },
    { 'X-A\r\nVia': 'y' },
    { 'X A': 'y' },
    { Via: 'y' },
    { 'X-A': 'a\u0000' },
  ]) {
    const answer = await ask('POST', `/v1/Accounts/${account}/Calls`, { ...call, headers });
    assert.equal(answer.status, 400, JSON.stringify(headers));
    assert.match(answer.body.details?.[0]?.path ?? '', /headers/);
  }
});

test('a SIP domain of an account is no place for a line break either', async () => {
  const answer = await ask('POST', `/v1/Accounts/${account}/SipRealms/${encodeURIComponent('x\r\nVia: y')}`);
  assert.equal(answer.status, 400);
});
