/** Tenant walls, path by path. The list is the OpenAPI document itself, so a path that is added later is tested without
 * anybody thinking of it (attacks.md F1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  account,
  accountToken,
  type Answer,
  ask,
  base,
  clock,
  control,
  directory,
  live,
  other,
  random,
  store,
  useServer,
  watch,
} from './kit.test.ts';

useServer();

type Operation = { parameters?: { name: string; in: string; required?: boolean }[] };
type Paths = Record<string, Record<string, Operation>>;

const secretWord = 'theirs-and-nobody-elses';
/** What the other account has, by the name of its path. */
const theirs: Record<string, string> = {};
let paths: Paths = {};

/** Bodies that are right, so that it is the wall that refuses and not the schema. */
const bodies: Record<string, object | unknown[]> = {
  Accounts: { registration_hook: 'http://x.test/' },
  Applications: { name: 'x', app_json: [{ verb: 'hangup' }] },
  VoipCarriers: { name: 'x' },
  SipGateways: { ipv4: '192.0.2.1' },
  Clients: { username: 'x', password: 'y' },
  PhoneNumbers: { number: '1555' },
  MicrosoftTeamsTenants: { tenant_fqdn: 'x.test' },
  SpeechCredentials: { vendor: 'openai', api_key: 'x' },
  ApiKeys: { name: 'x' },
  Users: { name: 'x', email: 'x@x.test', role: 'account', password: 'long enough for it' },
  password: { password: 'long enough for it' },
  Limits: { category: 'voice_call_session', quantity: 1 },
  Calls: { from: '1', to: { type: 'sip', sipUri: 'sip:x@x.test' }, app_json: [{ verb: 'hangup' }] },
  RegisteredSipUsers: ['bob'],
};
/** Of a PUT or POST to one that is there. */
const changes: Record<string, object> = { Calls: { call_status: 'completed' }, Users: { name: 'y' } };

test('the stage: another account that has one of everything', async () => {
  const make = async (path: string, body: object): Promise<void> => {
    const made = await ask('POST', `/v1/${path}`, { ...body, account_sid: other });
    assert.equal(made.status, 201, `${path}: ${JSON.stringify(made.body)}`);
    theirs[path] = made.body.sid ?? '';
  };
  await make('Applications', { name: secretWord, app_json: [{ verb: 'hangup' }] });
  await make('VoipCarriers', { name: secretWord });
  await make('SipGateways', { ipv4: '192.0.2.77', voip_carrier_sid: theirs['VoipCarriers'] });
  await make('Clients', { username: secretWord, password: 'x' });
  await make('PhoneNumbers', { number: '15550001' });
  await make('MicrosoftTeamsTenants', { tenant_fqdn: `${secretWord}.test` });
  await make('SpeechCredentials', { vendor: 'openai', label: secretWord, api_key: 'x' });
  await make('ApiKeys', { name: secretWord });
  await make('Users', {
    name: secretWord,
    email: `${secretWord}@x.test`,
    role: 'account',
    password: 'long enough for it',
  });
  theirs['Accounts'] = other;
  theirs['Calls'] = secretWord;
  theirs['RegisteredSipUsers'] = secretWord;
  // As call control does: what is not of this account is not there.
  control.update = (accountSid, callSid) =>
    Promise.resolve(
      control.get(String(accountSid), String(callSid)) === undefined
        ? { ok: false, status: 404, message: 'no such call is running' }
        : control.answer,
    );
  control.calls = [{ call_sid: secretWord, account_sid: other, call_status: 'in-progress' }];
  bodies['SipGateways'] = { ipv4: '192.0.2.1', voip_carrier_sid: theirs['VoipCarriers'] };
  paths = ((await (await fetch(`${base}/openapi.json`)).json()) as { paths: Paths }).paths;
});

/** The collection a path works on: the last word that is none of its parameters. */
function collectionOf(path: string): string {
  return (
    path
      .split('/')
      .filter((part) => part !== '' && part !== 'v1' && !part.startsWith('{'))
      .at(-1) ?? ''
  );
}

/** Each parameter filled in with what the other account has. */
function pointed(path: string, owner: string): string {
  return path
    .replace('{account_sid}', owner)
    .replace('{call_sid}', theirs['Calls'] ?? '')
    .replace('{client}', secretWord)
    .replace('{realm}', 'stolen.test')
    .replaceAll(/\{sid\}/g, theirs[path.split('/').at(path.endsWith('/password') ? -3 : -2) ?? ''] ?? random.uuid());
}

function bodyOf(method: string, path: string): unknown {
  if (method !== 'post' && method !== 'put') return undefined;
  const collection = collectionOf(path);
  const one = path.endsWith('}') && collection !== 'SipRealms';
  if (one && path.endsWith('_sid}') === false && method === 'put') return changes[collection] ?? {};
  if (one) return changes[collection] ?? bodies[collection] ?? {};
  return bodies[collection] ?? {};
}

async function everything(): Promise<string> {
  const kinds = ['account', 'application', 'carrier', 'gateway', 'client', 'phoneNumber', 'apiKey', 'user'] as const;
  return JSON.stringify(kinds.map((kind) => directory.all(kind)));
}

function operations(): { method: string; path: string }[] {
  return Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path })));
}

function tells({ body }: Answer): boolean {
  return JSON.stringify(body).includes(secretWord);
}

test('every path that names another account, or something of it, answers 404 and changes nothing', async () => {
  const state = await everything();
  const asked = control.asked.length;
  let count = 0;
  for (const { method, path } of operations()) {
    if (!path.startsWith('/v1/') || !path.includes('{')) continue;
    for (const owner of path.includes('{account_sid}') ? [other, account] : [other]) {
      // In our own account only what follows is theirs; where nothing follows it is ours by right.
      const mine = owner === account && !/\{(?:sid|call_sid|client)\}/.test(path);
      if (mine) continue;
      const at = pointed(path, owner);
      const answer = await ask(method.toUpperCase(), at, bodyOf(method, path), accountToken);
      assert.equal(answer.status, 404, `${method} ${at}: ${answer.status} ${JSON.stringify(answer.body)}`);
      assert.ok(!tells(answer) || at.includes(secretWord), `${method} ${at} tells of it`);
      count++;
    }
  }
  assert.ok(count > 80, `${count} requests`);
  assert.equal(await everything(), state);
  assert.equal(control.asked.length, asked, 'call control was not even asked');
});

test('every list without an account of its own shows only one’s own, also when the other is asked for', async () => {
  for (const { method, path } of operations()) {
    if (method !== 'get' || !path.startsWith('/v1/') || path.includes('{') || path === '/v1/Live') continue;
    const plain = await ask('GET', path, undefined, accountToken);
    assert.ok([200, 403].includes(plain.status), `${path}: ${plain.status}`);
    assert.ok(!tells(plain), `${path} tells of it`);
    const takes = (paths[path]?.['get']?.parameters ?? []).some(({ name }) => name === 'account_sid');
    if (!takes) continue;
    const asked = await ask('GET', `${path}?account_sid=${other}`, undefined, accountToken);
    assert.equal(asked.status, 404, path);
  }
  const streamed = await ask('GET', `/v1/Live?account_sid=${other}`, undefined, accountToken);
  assert.equal(streamed.status, 404);
});

test('every create that names another account, or points at something of it, is refused', async () => {
  const state = await everything();
  for (const { method, path } of operations()) {
    if (method !== 'post' || !/^\/v1\/[A-Z]\w+$/.test(path)) continue;
    const collection = collectionOf(path);
    const body = collection === 'Accounts' ? { name: 'x' } : { ...(bodies[collection] as object), account_sid: other };
    const answer = await ask('POST', path, body, accountToken);
    assert.ok([403, 404].includes(answer.status), `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  for (const [field, sid] of [
    ['application_sid', theirs['Applications']],
    ['voip_carrier_sid', theirs['VoipCarriers']],
    ['device_calling_application_sid', theirs['Applications']],
  ]) {
    for (const [path, body] of Object.entries(bodies)) {
      if (Array.isArray(body) || ['Limits', 'password', 'RegisteredSipUsers', 'Accounts'].includes(path)) continue;
      const at = path === 'Calls' ? `/v1/Accounts/${account}/Calls` : `/v1/${path}`;
      const answer = await ask('POST', at, { ...body, [field ?? '']: sid }, accountToken);
      assert.ok([400, 403, 404].includes(answer.status), `${path}.${field}: ${answer.status}`);
    }
  }
  const own = await ask(
    'PUT',
    `/v1/Accounts/${account}`,
    { device_calling_application_sid: theirs['Applications'] },
    accountToken,
  );
  assert.equal(own.status, 400);
  assert.equal(await everything(), state);
});

test('what is not there and what is another’s are told apart by nothing', async () => {
  for (const path of ['Applications', 'VoipCarriers', 'Clients', 'Users']) {
    const hidden = await ask('GET', `/v1/${path}/${theirs[path]}`, undefined, accountToken);
    const absent = await ask('GET', `/v1/${path}/${random.uuid()}`, undefined, accountToken);
    const unnamed = ({ body }: Answer) => JSON.stringify(body).replace(/[0-9a-f-]{36}/g, 'SID');
    assert.equal(unnamed(hidden), unnamed(absent));
  }
});

test('without any credentials every path but the open ones is 401', async () => {
  const open = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json']);
  for (const { method, path } of operations()) {
    if (open.has(path) || (path === '/v1/session' && method === 'post')) continue;
    const { status } = await fetch(`${base}${pointed(path, other)}`, { method: method.toUpperCase() });
    assert.ok([401, 429].includes(status), `${method} ${path}: ${status}`);
    clock.advance(61_000);
  }
});

test('the audit log tells an account of its own and of nothing else', async () => {
  await ask('POST', '/v1/Applications', { name: 'audited', app_json: [{ verb: 'hangup' }] }, accountToken);
  const mine = await ask('GET', '/v1/AuditLog?count=500', undefined, accountToken);
  const rows = mine.body['data'] as { account_sid: string; what: string; action: string }[];
  assert.ok(rows.some(({ what, action }) => action === 'create' && what.startsWith('Applications/')));
  assert.deepEqual([...new Set(rows.map((row) => row.account_sid))], [account]);
  const all = (await ask('GET', '/v1/AuditLog?count=500')).body['data'] as { account_sid: string | null }[];
  assert.ok(all.some((row) => row.account_sid === other));
  const text = JSON.stringify(all);
  assert.doesNotMatch(text, /long enough for it/, 'no password is written down');
  assert.equal(watch.followers, 0);
  assert.ok(live !== undefined && store !== undefined);
});
