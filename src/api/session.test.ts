/** Signing in and what it gives: the session, its cookie and token, roles, and the end of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, accountToken, admin, type Answer, ask, base, clock, directory, useServer } from './kit.test.ts';

useServer();

const password = 'correct horse battery';

type Browser = { cookie: string; csrf: string; user: Record<string, unknown> };

/** A request as the portal sends it. */
async function browse(
  method: string,
  path: string,
  { body, cookie, csrf, headers = {} }: { body?: unknown; cookie?: string; csrf?: string; headers?: object } = {},
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? {} : JSON.parse(text)) as Answer['body'],
    headers: response.headers,
  };
}

async function signIn(credentials: object, cookie?: string): Promise<Browser> {
  const answer = await browse('POST', '/v1/session', {
    body: credentials,
    ...(cookie === undefined ? {} : { cookie }),
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const [set = ''] = answer.headers.getSetCookie();
  return {
    cookie: set.split(';')[0] ?? '',
    csrf: String(answer.body['csrf']),
    user: answer.body['user'] as Record<string, unknown>,
  };
}

async function makeUser(email: string, role: string, accountSid: string | null): Promise<string> {
  const made = await ask('POST', '/v1/Users', { name: email, email, role, account_sid: accountSid, password });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.sid ?? '';
}

test('an e-mail address and a password give a session: cookie out of reach of scripts, the user, a token', async () => {
  const sid = await makeUser('Ann@Example.test', 'account', account);
  const answer = await browse('POST', '/v1/session', { body: { email: 'ann@example.TEST', password } });
  assert.equal(answer.status, 200);
  const [set = ''] = answer.headers.getSetCookie();
  assert.match(set, /^graine_session=[\w-]{43};/);
  for (const word of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(set.includes(word), `${word}: ${set}`);
  assert.ok(!set.includes('Secure'), 'over plain HTTP a Secure cookie would never come back');
  assert.deepEqual(answer.body['user'], {
    user_sid: sid,
    name: 'Ann@Example.test',
    email: 'ann@example.test',
    role: 'account',
    account_sid: account,
  });
  assert.match(String(answer.body['csrf']), /^[\w-]{43}$/);
  const cookie = set.split(';')[0] ?? '';
  const again = await browse('GET', '/v1/session', { cookie });
  assert.deepEqual(again.body, answer.body);
});

test('an administrator’s token and an account’s key sign in too', async () => {
  const boss = await signIn({ token: admin });
  assert.deepEqual([boss.user['role'], boss.user['account_sid'], boss.user['user_sid']], ['admin', null, null]);
  const key = await signIn({ token: accountToken });
  assert.deepEqual([key.user['role'], key.user['account_sid']], ['account', account]);
  assert.equal((await browse('GET', '/v1/Accounts', { cookie: boss.cookie })).status, 200);
});

test('without a session 401, and a cookie of nobody is 401 as often as it is tried', async () => {
  assert.equal((await browse('GET', '/v1/session')).status, 401);
  for (let i = 0; i < 15; i++)
    assert.equal((await browse('GET', '/v1/session', { cookie: 'graine_session=stale' })).status, 401);
  clock.advance(61_000);
});

test('CSRF: a change with the cookie needs the token, and an Origin that is ours', async () => {
  const { cookie, csrf } = await signIn({ email: 'ann@example.test', password });
  const body = { name: 'portal app', app_json: [{ verb: 'hangup' }] };
  const none = await browse('POST', '/v1/Applications', { body, cookie });
  assert.equal(none.status, 403);
  assert.equal(none.body['code'], 'csrf-token');
  assert.equal((await browse('POST', '/v1/Applications', { body, cookie, csrf: 'x'.repeat(43) })).status, 403);
  const elsewhere = { origin: 'https://evil.test' };
  const crossed = await browse('POST', '/v1/Applications', { body, cookie, csrf, headers: elsewhere });
  assert.equal(crossed.body['code'], 'cross-origin');
  const opaque = await browse('POST', '/v1/Applications', { body, cookie, csrf, headers: { origin: 'null' } });
  assert.equal(opaque.status, 403);
  const made = await browse('POST', '/v1/Applications', { body, cookie, csrf, headers: { origin: base } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const regenerate = `/v1/Accounts/${account}/WebhookSecret?regenerate=true`;
  assert.equal((await browse('GET', regenerate, { cookie })).status, 403, 'a GET that changes something');
  assert.equal((await browse('GET', regenerate, { cookie, csrf })).status, 200);
  await ask('DELETE', `/v1/Applications/${made.body.sid}`);
});

test('CSRF: another site cannot sign its visitors in', async () => {
  const body = { email: 'ann@example.test', password };
  const crossed = await browse('POST', '/v1/session', { body, headers: { origin: 'https://evil.test' } });
  assert.equal(crossed.status, 403);
  const form = await fetch(`${base}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(body),
  });
  assert.equal(form.status, 415);
});

test('session fixation: signing in gives a new token always, and ends the one that was there', async () => {
  const planted = await signIn({ email: 'ann@example.test', password });
  const own = await signIn({ email: 'ann@example.test', password }, planted.cookie);
  assert.notEqual(own.cookie, planted.cookie);
  assert.equal((await browse('GET', '/v1/session', { cookie: planted.cookie })).status, 401);
  const chosen = `graine_session=${'A'.repeat(43)}`;
  const other = await signIn({ email: 'ann@example.test', password }, chosen);
  assert.notEqual(other.cookie, chosen);
  assert.equal((await browse('GET', '/v1/session', { cookie: chosen })).status, 401);
});

test('signing out ends the session at once, and a change needs the token there too', async () => {
  const { cookie, csrf } = await signIn({ email: 'ann@example.test', password });
  assert.equal((await browse('DELETE', '/v1/session', { cookie })).status, 403);
  const left = await browse('DELETE', '/v1/session', { cookie, csrf });
  assert.equal(left.status, 204);
  assert.match(left.headers.getSetCookie()[0] ?? '', /graine_session=;.*Expires=Thu, 01 Jan 1970/);
  assert.equal((await browse('GET', '/v1/session', { cookie })).status, 401);
});

test('a session ends when it is not used, and at last although it is', async () => {
  const idle = await signIn({ email: 'ann@example.test', password });
  clock.advance(3_600_001);
  assert.equal((await browse('GET', '/v1/session', { cookie: idle.cookie })).status, 401);
  const busy = await signIn({ email: 'ann@example.test', password });
  for (let minutes = 0; minutes < 719; minutes += 50) {
    assert.equal((await browse('GET', '/v1/session', { cookie: busy.cookie })).status, 200, `after ${minutes} min`);
    clock.advance(3_000_000);
  }
  assert.equal((await browse('GET', '/v1/session', { cookie: busy.cookie })).status, 401);
});

test('a new password, a deactivation, another role and a deletion each end every session of the user', async () => {
  const sid = await makeUser('bea@example.test', 'account', account);
  const enter = async (secret = password) => (await signIn({ email: 'bea@example.test', password: secret })).cookie;
  const gone = async (cookie: string) => (await browse('GET', '/v1/session', { cookie })).status;
  let cookie = await enter();
  assert.equal((await ask('POST', `/v1/Users/${sid}/password`, { password: 'another good one' })).status, 204);
  assert.equal(await gone(cookie), 401, 'password');
  cookie = await enter('another good one');
  assert.equal((await ask('PUT', `/v1/Users/${sid}`, { role: 'read-only' })).status, 204);
  assert.equal(await gone(cookie), 401, 'role');
  cookie = await enter('another good one');
  assert.equal((await ask('PUT', `/v1/Users/${sid}`, { is_active: false })).status, 204);
  assert.equal(await gone(cookie), 401, 'inactive');
  const refused = await browse('POST', '/v1/session', {
    body: { email: 'bea@example.test', password: 'another good one' },
  });
  assert.equal(refused.status, 401);
  await ask('PUT', `/v1/Users/${sid}`, { is_active: true });
  cookie = await enter('another good one');
  assert.equal((await ask('DELETE', `/v1/Users/${sid}`)).status, 204);
  assert.equal(await gone(cookie), 401, 'deleted');
});

test('a key that is withdrawn or expires takes its sessions with it', async () => {
  const made = await ask('POST', '/v1/ApiKeys', { account_sid: account, expiry_secs: 60 });
  const { cookie } = await signIn({ token: made.body['token'] });
  assert.equal((await browse('GET', '/v1/session', { cookie })).status, 200);
  clock.advance(61_000);
  assert.equal((await browse('GET', '/v1/session', { cookie })).status, 401, 'expired token');
  assert.equal((await browse('POST', '/v1/session', { body: { token: made.body['token'] } })).status, 401);
});

test('one’s own password takes the present one; a stranger at an open browser does not get in', async () => {
  const sid = await makeUser('cid@example.test', 'read-only', account);
  const { cookie, csrf } = await signIn({ email: 'cid@example.test', password });
  const at = `/v1/Users/${sid}/password`;
  assert.equal((await browse('POST', at, { body: { password: 'something new' }, cookie, csrf })).status, 400);
  const body = { password: 'something new', current_password: 'guessed' };
  assert.equal((await browse('POST', at, { body, cookie, csrf })).status, 400);
  const right = { ...body, current_password: password };
  assert.equal((await browse('POST', at, { body: right, cookie, csrf })).status, 204);
  assert.equal((await browse('GET', '/v1/session', { cookie })).status, 401);
  await signIn({ email: 'cid@example.test', password: 'something new' });
});

test('read-only looks at all of its account and changes nothing, and sees no secret', async () => {
  await makeUser('dee@example.test', 'read-only', account);
  const { cookie, csrf } = await signIn({ email: 'dee@example.test', password });
  for (const path of ['Applications', 'VoipCarriers', 'Users', `Accounts/${account}/Calls`, 'AuditLog'])
    assert.equal((await browse('GET', `/v1/${path}`, { cookie })).status, 200, path);
  const body = { name: 'x', app_json: [{ verb: 'hangup' }] };
  const refused = await browse('POST', '/v1/Applications', { body, cookie, csrf });
  assert.equal(refused.status, 403);
  assert.equal(refused.body['code'], 'read-only');
  assert.equal((await browse('GET', `/v1/Accounts/${account}/WebhookSecret`, { cookie })).status, 403);
  assert.equal((await browse('GET', '/v1/Config', { cookie })).status, 403);
  // Questions that have a body, and change nothing: they are answered, and are no deed for the audit log.
  const lines = async () => Number((await ask('GET', '/v1/AuditLog?count=1')).body['total']);
  const before = await lines();
  const check = { body: { app_json: [{ verb: 'hangup' }] }, cookie, csrf };
  assert.equal((await browse('POST', '/v1/Verbs/Check', check)).status, 200);
  const who = { body: ['bob'], cookie, csrf };
  assert.equal((await browse('POST', `/v1/Accounts/${account}/RegisteredSipUsers`, who)).status, 200);
  assert.equal(await lines(), before);
});

test('nobody makes anybody mightier than they are', async () => {
  const { cookie, csrf } = await signIn({ email: 'ann@example.test', password });
  const someone = { name: 'x', email: 'x@example.test', password };
  const as = (body: object) => browse('POST', '/v1/Users', { body: { ...someone, ...body }, cookie, csrf });
  assert.equal((await as({ role: 'admin' })).status, 400);
  assert.equal((await as({ role: 'admin', account_sid: null })).status, 400);
  const made = await as({ role: 'account' });
  assert.equal(made.status, 201);
  const up = await browse('PUT', `/v1/Users/${made.body.sid}`, { body: { role: 'admin' }, cookie, csrf });
  assert.equal(up.status, 400);
  const boss = await makeUser('boss@example.test', 'admin', null);
  for (const method of ['GET', 'PUT', 'DELETE'])
    assert.equal(
      (await browse(method, `/v1/Users/${boss}`, { cookie, csrf, ...(method === 'PUT' ? { body: {} } : {}) })).status,
      404,
    );
  const reset = { body: { password: 'taken over!' }, cookie, csrf };
  assert.equal((await browse('POST', `/v1/Users/${boss}/password`, reset)).status, 404);
  await ask('DELETE', `/v1/Users/${made.body.sid}`);
});

test('a password is a hash in the store and is shown nowhere; addresses are unique', async () => {
  const [ann] = directory.all('user').filter(({ email }) => email === 'ann@example.test');
  assert.match(ann?.passwordHash ?? '', /^\$argon2id\$/);
  const shown = JSON.stringify((await ask('GET', `/v1/Users/${ann?.sid}`)).body);
  assert.doesNotMatch(shown, /argon2|password/);
  const twice = { name: 'n', email: 'ANN@example.test', role: 'account', account_sid: account, password };
  assert.equal((await ask('POST', '/v1/Users', twice)).body['code'], 'name-taken');
  assert.equal((await ask('POST', '/v1/Users', { ...twice, email: 'z@z.test', password: 'short' })).status, 400);
  assert.equal((await ask('POST', '/v1/Users', { ...twice, email: 'a@b\r\nX: y' })).status, 400);
});

test('the audit log has every sign-in, failure, refusal and change, and not one password', async () => {
  clock.advance(1000);
  const start = clock.now();
  const { cookie, csrf } = await signIn({ email: 'dee@example.test', password });
  await browse('POST', '/v1/session', { body: { email: 'dee@example.test', password: 'a wrong guess' } });
  await browse('POST', '/v1/Applications', { body: { name: 'x', app_json: [] }, cookie, csrf });
  await browse('DELETE', '/v1/session', { cookie, csrf });
  const carrier = { name: 'audited', register_username: 'u', register_password: 'hidden', account_sid: account };
  const made = await ask('POST', '/v1/VoipCarriers', carrier);
  await ask('DELETE', `/v1/VoipCarriers/${made.body.sid}`);
  type Row = {
    at: string;
    action: string;
    what: string;
    account_sid: string;
    who: Record<string, string>;
    detail: Record<string, unknown>;
  };
  const told = (await ask('GET', `/v1/AuditLog?account_sid=${account}&count=500`)).body['data'] as Row[];
  const rows = told.filter(({ at }) => Date.parse(at) >= start);
  const last = rows.map(({ action, what }) => `${action} ${what.replace(/[0-9a-f-]{36}/, 'SID')}`);
  assert.deepEqual(last.toSorted(), [
    'create VoipCarriers/SID',
    'delete VoipCarriers/SID',
    'refused Applications',
    'sign-in session',
    'sign-in-failed session',
    'sign-out session',
  ]);
  const row = (action: string) => rows.find((each) => each.action === action);
  assert.equal(row('sign-in')?.who['name'], 'dee@example.test');
  assert.equal(row('sign-in-failed')?.who['role'], 'nobody');
  assert.deepEqual(row('create')?.detail, { ...carrier, register_password: '***' });
  assert.ok(row('create')?.who['key_sid'] !== undefined);
  const all = JSON.stringify((await ask('GET', '/v1/AuditLog?count=500')).body);
  for (const secret of [password, 'a wrong guess', 'hidden', admin, accountToken, csrf, cookie.slice(15)])
    assert.ok(!all.includes(secret), secret);
});

test('guessing passwords: the same answer for an unknown address, and a wait that grows, for a right one too', async () => {
  clock.advance(3_600_000);
  const wrong = await browse('POST', '/v1/session', { body: { email: 'ann@example.test', password: 'wrong' } });
  const unknown = await browse('POST', '/v1/session', { body: { email: 'nobody@example.test', password: 'wrong' } });
  assert.deepEqual([wrong.status, wrong.body], [unknown.status, unknown.body]);
  assert.equal(wrong.status, 401);
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    const { status, headers } = await browse('POST', '/v1/session', {
      body: { email: 'ann@example.test', password: 'wrong' },
    });
    if (status !== 429) continue;
    waits.push(Number(headers.get('retry-after')));
    clock.advance((waits.at(-1) ?? 0) * 1000);
  }
  assert.deepEqual(waits.slice(0, 3), [1, 2, 4], 'doubles');
  clock.advance(60_000);
  const right = await browse('POST', '/v1/session', { body: { email: 'ann@example.test', password } });
  assert.equal(right.status, 200, 'after the wait the right password does');
  clock.advance(3_600_000);
  const many = await Promise.all(
    Array.from({ length: 20 }, () =>
      browse('POST', '/v1/session', { body: { email: 'ann@example.test', password: 'wrong' } }),
    ),
  );
  assert.ok(many.filter(({ status }) => status === 401).length <= 6, 'twenty at once are twenty failures');
});
