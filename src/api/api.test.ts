import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import {
  account,
  accountToken,
  admin,
  ask,
  base,
  clock,
  control,
  directory,
  other,
  random,
  state,
  useServer,
} from './kit.test.ts';

useServer();

test('who brings no key guesses none: many such requests do not shut a source out', async () => {
  for (let n = 0; n < 15; n++) assert.equal((await fetch(`${base}/v1/session`)).status, 401);
  assert.equal((await ask('GET', '/v1/Accounts')).status, 200);
});

test('without a key, with a wrong one, or with a key in the URL, nothing is told', async () => {
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${admin}` }]) {
    const response = await fetch(`${base}/v1/Accounts`, { headers: headers as Record<string, string> });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), 'Bearer');
  }
  assert.equal((await fetch(`${base}/v1/Accounts?api_key=${admin}`)).status, 401);
  assert.equal(
    (await ask('GET', `/v1/Accounts?api_key=${admin}`)).status,
    400,
    'a key in the URL is refused even beside a valid one',
  );
});

const samples = [
  {
    path: 'Applications',
    body: { name: 'main', call_hook: { url: 'http://x.test/call', username: 'u', password: 'hidden' } },
    change: { name: 'renamed' },
  },
  {
    path: 'VoipCarriers',
    body: {
      name: 'carrier',
      requires_register: true,
      register_username: 'u',
      register_sip_realm: 'r',
      register_password: 'hidden',
      max_calls: 7,
      max_cps: 2.5,
      trusted: true,
      priority: 3,
      weight: 4,
    },
    change: { tech_prefix: '99' },
  },
  { path: 'Clients', body: { username: 'alice', password: 'hidden' }, change: { is_active: false } },
  { path: 'PhoneNumbers', body: { number: '+15551230001' }, change: { number: '1555*' } },
  { path: 'MicrosoftTeamsTenants', body: { tenant_fqdn: 'tenant.test' }, change: { sbc_fqdn: 'sbc.test' } },
  {
    path: 'SpeechCredentials',
    body: { vendor: 'openai', label: 'mine', api_key: 'hidden', model_id: 'tts-1', use_for_stt: false },
    change: { model_id: 'tts-2' },
  },
];

for (const { path, body, change } of samples) {
  for (const prefix of ['', 'Accounts/{account}/']) {
    test(`/v1/${prefix}${path}: created 201, read back without secrets, changed 204, deleted 204, then gone`, async () => {
      const at = `/v1/${prefix.replace('{account}', account)}${path}`;
      const made = await ask('POST', at, prefix === '' ? { ...body, account_sid: account } : body);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const read = await ask('GET', `${at}/${made.body.sid}`);
      assert.equal(read.status, 200);
      assert.doesNotMatch(JSON.stringify(read.body), /hidden/);
      assert.equal(read.body['account_sid'], account);
      for (const [name, value] of Object.entries(body)) {
        if (typeof value !== 'object' && value !== 'hidden' && name !== 'number')
          assert.equal(read.body[name], value, name);
      }
      assert.equal((await ask('PUT', `${at}/${made.body.sid}`, change)).status, 204);
      const changed = await ask('GET', `${at}/${made.body.sid}`);
      for (const [name, value] of Object.entries(change)) assert.equal(changed.body[name], value);
      const list = (await ask('GET', `${at}/`)).body as unknown as Record<string, unknown>[];
      assert.equal(list.length, 1);
      assert.equal((await ask('DELETE', `${at}/${made.body.sid}`)).status, 204);
      assert.equal((await ask('DELETE', `${at}/${made.body.sid}`)).status, 404);
      assert.equal((await ask('GET', `${at}/${made.body.sid}`)).status, 404);
    });
  }
}

test('a change keeps the passwords it does not mention', async () => {
  const at = `/v1/Accounts/${account}`;
  const carrier = (await ask('POST', `${at}/VoipCarriers`, samples[1]?.body)).body.sid ?? '';
  assert.equal((await ask('PUT', `${at}/VoipCarriers/${carrier}`, { description: 'x' })).status, 204);
  assert.equal(directory.get('carrier', carrier)?.register?.password, 'hidden');
  const app = (await ask('POST', `${at}/Applications`, samples[0]?.body)).body.sid ?? '';
  const shown = (await ask('GET', `${at}/Applications/${app}`)).body;
  assert.equal((await ask('PUT', `${at}/Applications/${app}`, { call_hook: shown['call_hook'] })).status, 204);
  assert.equal(directory.get('application', app)?.callHook?.password, 'hidden');
  const moved = { ...(shown['call_hook'] as object), url: 'http://thief.test/' };
  assert.equal((await ask('PUT', `${at}/Applications/${app}`, { call_hook: moved })).status, 204);
  assert.equal(
    directory.get('application', app)?.callHook?.password,
    undefined,
    'a password never follows to another address',
  );
  await ask('DELETE', `${at}/VoipCarriers/${carrier}`);
  await ask('DELETE', `${at}/Applications/${app}`);
});

test('a speech key stays when its model changes, and never follows to another address', async () => {
  const at = `/v1/Accounts/${account}/SpeechCredentials`;
  const sid = (await ask('POST', at, { vendor: 'OpenAI', api_key: 'hidden' })).body.sid ?? '';
  assert.equal(
    (await ask('POST', at, { vendor: 'openai', api_key: 'other' })).status,
    422,
    'one of a vendor and label',
  );
  const kept = () => directory.get('speechCredential', sid)?.settings;
  assert.equal((await ask('PUT', `${at}/${sid}`, { model_id: 'x' })).status, 204);
  assert.deepEqual(kept(), { api_key: 'hidden', model_id: 'x' });
  assert.equal((await ask('PUT', `${at}/${sid}`, { base_url: 'http://thief.test' })).status, 204);
  assert.deepEqual(kept(), { base_url: 'http://thief.test', model_id: 'x' });
  assert.equal((await ask('POST', at, { vendor: 'no such/vendor' })).status, 400);
  await ask('DELETE', `${at}/${sid}`);
});

test('gateways belong to the account of their carrier', async () => {
  const carrier = (await ask('POST', `/v1/Accounts/${account}/VoipCarriers`, { name: 'gw' })).body.sid;
  const body = {
    voip_carrier_sid: carrier,
    ipv4: '192.0.2.1',
    port: 5060,
    protocol: 'tls/srtp',
    outbound: 1,
    priority: 2,
  };
  const made = await ask('POST', '/v1/SipGateways', body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const read = (await ask('GET', `/v1/SipGateways/${made.body.sid}`)).body;
  assert.equal(read['account_sid'], account);
  assert.equal(read['protocol'], 'tls');
  assert.equal(read['srtp'], 'require');
  assert.equal(read['outbound'], true);
  assert.equal(read['netmask'], 32);
  const list = await ask('GET', `/v1/SipGateways?voip_carrier_sid=${carrier}`);
  assert.equal((list.body as unknown as unknown[]).length, 1);
  const bad = await ask('POST', '/v1/SipGateways', { voip_carrier_sid: carrier, ipv4: 'no spaces here' });
  assert.deepEqual(
    bad.body.details?.map(({ path }) => path),
    ['/ipv4'],
  );
  assert.equal((await ask('DELETE', `/v1/VoipCarriers/${carrier}`)).status, 204);
  assert.equal((await ask('GET', `/v1/SipGateways/${made.body.sid}`)).status, 404, 'gateways go with their carrier');
});

test('a body that is wrong is refused with the field, what it should be, and nothing is stored', async () => {
  const at = `/v1/Accounts/${account}/VoipCarriers`;
  const bad = await ask('POST', at, {
    name: 'x',
    dtmf_type: 'morse',
    is_active: 'yes',
    max_calls: 0,
    nmae: 'typo',
    smpp_password: 'p',
  });
  assert.equal(bad.status, 400);
  assert.equal(bad.body['code'], 'invalid-request');
  const details = Object.fromEntries((bad.body.details ?? []).map(({ path, expected }) => [path, expected]));
  assert.match(details['/dtmf_type'] ?? '', /one of "rfc2833", "tones", "info"/);
  assert.equal(details['/is_active'], 'true or false');
  assert.match(details['/max_calls'] ?? '', /a whole number from 1/);
  assert.match(details['/nmae'] ?? '', /no such field/);
  assert.match(details['/smpp_password'] ?? '', /does not support/);
  const missing = await ask('POST', at, {});
  assert.deepEqual(missing.body.details?.[0], {
    path: '/name',
    expected: 'a string of 1 to 255 characters on one line',
    got: 'nothing',
  });
  assert.deepEqual((await ask('GET', at)).body, []);
});

test('hostile bodies: too large, too deep, not JSON, prototype names, another media type', async () => {
  const at = '/v1/Accounts';
  assert.equal((await ask('POST', at, { name: 'x'.repeat(300_000) })).status, 413);
  const deep = await ask('POST', at, `{"name":${'['.repeat(5000)}${']'.repeat(5000)}}`);
  assert.equal(deep.body['code'], 'body-too-deep');
  assert.equal((await ask('POST', at, '{"name":')).status, 400);
  assert.equal((await ask('POST', at, '{"name":"x","__proto__":{"admin":true}}')).status, 400);
  const response = await fetch(`${base}${at}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'text/xml' },
    body: '<name/>',
  });
  assert.equal(response.status, 415);
  assert.equal(((await response.json()) as { code: string }).code, 'unsupported-media-type');
});

test('a path that the router itself refuses is answered in the one shape of errors too', async () => {
  for (const [path, status, code] of [
    ['%zz', 400, 'invalid-request'],
    ['a'.repeat(300), 414, 'uri-too-long'],
  ] as const) {
    const answer = await ask('GET', `/v1/Applications/${path}`);
    assert.equal(answer.status, status);
    assert.deepEqual(Object.keys(answer.body).toSorted(), ['code', 'details', 'msg']);
    assert.equal(answer.body['code'], code);
  }
});

test('a realm must be a host name, and a hook an absolute URL of a scheme that hooks have', async () => {
  for (const realm of ['x y;z', 'a/b', '.', 'voice..test']) {
    const made = await ask('POST', '/v1/Accounts', { name: 'realm', sip_realm: realm });
    assert.equal(made.status, 400, realm);
    assert.equal(made.body.details?.[0]?.path, '/sip_realm');
    assert.match(made.body.details?.[0]?.expected ?? '', /^a host name, such as/);
  }
  assert.equal((await ask('POST', `/v1/Accounts/${account}/SipRealms/a%20b`)).status, 400);
  const at = `/v1/Accounts/${account}/Applications`;
  for (const url of ['file:///etc/passwd', 'javascript:alert(1)', '/relative', 'http://']) {
    for (const [hook, path] of [
      [url, '/call_status_hook'],
      [{ url }, '/call_status_hook/url'],
    ] as const) {
      const made = await ask('POST', at, { name: 'hook', call_hook: 'http://x.test/', call_status_hook: hook });
      assert.equal(made.body.details?.[0]?.path, path, url);
    }
  }
  const vars = await ask('POST', at, { name: 'v', call_hook: 'http://x.test/', env_vars: { a: 1 } });
  assert.deepEqual(vars.body.details, [
    { path: '/env_vars/a', expected: 'a string of 1 to 4096 characters', got: 'number 1' },
  ]);
  const change = await ask('PUT', `/v1/Accounts/${account}`, { registration_hook: 'ftp://x.test/' });
  assert.equal(change.body.details?.[0]?.path, '/registration_hook');
});

test('a gateway may not take in the whole internet; its certificate is asked for and no longer asked for', async () => {
  const carrier = (await ask('POST', `/v1/Accounts/${account}/VoipCarriers`, { name: 'certified' })).body.sid;
  const gateway = { voip_carrier_sid: carrier, ipv4: '0.0.0.0', netmask: 0 };
  const wide = await ask('POST', '/v1/SipGateways', gateway);
  assert.equal(wide.body.details?.[0]?.path, '/netmask');
  assert.equal((await ask('POST', '/v1/SipGateways', { ...gateway, inbound: false })).status, 201);
  const asks = { require_certificate: true, certificate_subject: 'gw.test' };
  const sid = (await ask('POST', '/v1/SipGateways', { voip_carrier_sid: carrier, ipv4: '192.0.2.9', ...asks })).body
    .sid;
  const both = await ask('PUT', `/v1/SipGateways/${sid}`, { certificate_fingerprint: 'ab'.repeat(32) });
  assert.equal(both.body.details?.[0]?.path, '/certificate_subject');
  assert.equal((await ask('PUT', `/v1/SipGateways/${sid}`, { require_certificate: false })).status, 204);
  const { body } = await ask('GET', `/v1/SipGateways/${sid}`);
  assert.deepEqual([body['require_certificate'], body['certificate_subject']], [false, null]);
  await ask('DELETE', `/v1/VoipCarriers/${carrier}`);
});

test('a name that is taken, and a thing in use, are refused as such', async () => {
  const again = await ask('POST', '/v1/Accounts', { name: 'acme' });
  assert.equal(again.status, 422);
  assert.equal(again.body['code'], 'name-taken');
  const app = (
    await ask('POST', `/v1/Accounts/${account}/Applications`, { name: 'used', app_json: [{ verb: 'hangup' }] })
  ).body.sid;
  const number = (await ask('POST', `/v1/Accounts/${account}/PhoneNumbers`, { number: '1', application_sid: app })).body
    .sid;
  const refused = await ask('DELETE', `/v1/Applications/${app}`);
  assert.equal(refused.body['code'], 'in-use');
  await ask('DELETE', `/v1/PhoneNumbers/${number}`);
  assert.equal((await ask('DELETE', `/v1/Applications/${app}`)).status, 204);
});

test('app_json is checked as verbs when it is stored', async () => {
  const bad = await ask('POST', `/v1/Accounts/${account}/Applications`, { name: 'bad', app_json: [{ verb: 'dail' }] });
  assert.equal(bad.status, 400);
  assert.equal(bad.body.details?.[0]?.path, '/app_json');
});

test('F1: a key of one account finds nothing of another, by any path and whatever it guesses', async () => {
  const carrier = (await ask('POST', `/v1/Accounts/${other}/VoipCarriers`, { name: 'theirs' })).body.sid;
  const app = (
    await ask('POST', `/v1/Accounts/${other}/Applications`, { name: 'theirs', app_json: [{ verb: 'hangup' }] })
  ).body.sid;
  control.calls = [{ call_sid: 'theirs', account_sid: other, call_status: 'in-progress' }];
  const wanted: [string, string, unknown?][] = [
    ['GET', `/v1/Accounts/${other}`],
    ['PUT', `/v1/Accounts/${other}`, { name: 'mine' }],
    ['GET', `/v1/Accounts/${other}/VoipCarriers`],
    ['POST', `/v1/Accounts/${other}/VoipCarriers`, { name: 'x' }],
    ['POST', '/v1/VoipCarriers', { name: 'x', account_sid: other }],
    ['GET', `/v1/VoipCarriers/${carrier}`],
    ['PUT', `/v1/VoipCarriers/${carrier}`, { name: 'x' }],
    ['DELETE', `/v1/VoipCarriers/${carrier}`],
    ['GET', `/v1/Accounts/${account}/VoipCarriers/${carrier}`],
    ['GET', `/v1/VoipCarriers?account_sid=${other}`],
    ['GET', `/v1/Accounts/${other}/Calls`],
    ['GET', `/v1/Accounts/${other}/Calls/theirs`],
    ['GET', `/v1/Accounts/${account}/Calls/theirs`],
    ['GET', `/v1/Accounts/${other}/RecentCalls`],
    ['GET', `/v1/Accounts/${other}/Alerts`],
    ['GET', `/v1/Accounts/${other}/RegisteredSipUsers`],
    ['GET', `/v1/Accounts/${other}/WebhookSecret`],
    ['GET', `/v1/Accounts/${other}/Limits`],
    ['POST', `/v1/Accounts/${other}/Limits`, { category: 'voice_call_session', quantity: 1 }],
    ['DELETE', `/v1/Accounts/${other}/Limits`],
    ['GET', `/v1/Accounts/${other}/ApiKeys`],
    ['POST', '/v1/ApiKeys', { account_sid: other }],
    ['GET', `/v1/Accounts/${other}/Calls/known/Trace`],
  ];
  for (const [method, path, body] of wanted) {
    const answer = await ask(method, path, body, accountToken);
    assert.equal(answer.status, 404, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  }
  const pointed = await ask('POST', '/v1/PhoneNumbers', { number: '2', application_sid: app }, accountToken);
  assert.equal(pointed.status, 400);
  assert.equal(pointed.body.details?.[0]?.path, '/application_sid');
  const gateway = await ask('POST', '/v1/SipGateways', { voip_carrier_sid: carrier, ipv4: '192.0.2.1' }, accountToken);
  assert.ok([400, 404].includes(gateway.status));
  assert.deepEqual((await ask('GET', '/v1/VoipCarriers', undefined, accountToken)).body, []);
  const accounts = (await ask('GET', '/v1/Accounts', undefined, accountToken)).body as unknown as {
    account_sid: string;
  }[];
  assert.deepEqual(
    accounts.map((each) => each.account_sid),
    [account],
  );
  control.calls = [];
});

test('F1: odd, long and guessed sids in every path are refused in order, never with a 500', async () => {
  const document = (await (await fetch(`${base}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const odd = [
    '%00',
    '%2e%2e%2f',
    '..%5c',
    "'--",
    '%F0%9F%98%80',
    '__proto__',
    'constructor',
    '0',
    'x'.repeat(200),
    '%E0%80',
    random.uuid(),
  ];
  for (const [path, methods] of Object.entries(document.paths)) {
    if (!path.includes('{')) continue;
    for (const method of Object.keys(methods)) {
      const sid = odd[random.integer(odd.length)] as string;
      const at = path.replaceAll(/\{\w+\}/g, sid);
      const body = ['post', 'put'].includes(method) ? {} : undefined;
      const { status } = await ask(method.toUpperCase(), at, body, accountToken);
      assert.ok([400, 404, 414].includes(status), `${method} ${at}: ${status}`);
    }
  }
});

test('an account key may not do what is the administrator’s', async () => {
  assert.equal((await ask('POST', '/v1/Accounts', { name: 'new' }, accountToken)).status, 403);
  assert.equal((await ask('DELETE', `/v1/Accounts/${account}`, undefined, accountToken)).status, 403);
  assert.equal((await ask('PUT', `/v1/Accounts/${account}`, { max_calls: 10_000 }, accountToken)).status, 403);
  assert.equal(
    (await ask('PUT', `/v1/Accounts/${account}`, { registration_hook: 'http://x.test/r' }, accountToken)).status,
    204,
  );
});

test('Limits: jambonz’ way to an account’s max_calls; the administrator’s alone to change', async () => {
  const at = `/v1/Accounts/${account}/Limits`;
  const limit = { category: 'voice_call_session', quantity: 12 };
  assert.equal((await ask('POST', at, limit)).status, 201);
  assert.equal((await ask('GET', `/v1/Accounts/${account}`)).body['max_calls'], 12);
  const listed = (await ask('GET', at, undefined, accountToken)).body as unknown as object[];
  assert.deepEqual(listed, [{ account_limits_sid: account, account_sid: account, ...limit }]);
  assert.equal((await ask('POST', at, limit, accountToken)).status, 403);
  assert.equal((await ask('DELETE', at, undefined, accountToken)).status, 403);
  const unknown = await ask('POST', at, { category: 'device', quantity: 1 });
  assert.equal(unknown.status, 400);
  assert.equal(unknown.body.details?.[0]?.path, '/category');
  assert.equal((await ask('DELETE', `${at}?category=voice_call_session`)).status, 204);
  assert.deepEqual((await ask('GET', at)).body, []);
  assert.equal((await ask('POST', at, limit)).status, 201);
  assert.equal((await ask('POST', at, { ...limit, quantity: 0 })).status, 201);
  assert.deepEqual((await ask('GET', at)).body, [], 'a quantity of 0 takes it away');
});

test('the effective configuration is shown to the administrator only', async () => {
  assert.deepEqual((await ask('GET', '/v1/Config')).body, { yaml: 'sip: {}' });
  assert.equal((await ask('GET', '/v1/Config', undefined, accountToken)).status, 403);
});

test('keys: the token is shown once, expires, and can be withdrawn; the last administrator stays', async () => {
  const made = await ask('POST', `/v1/Accounts/${account}/ApiKeys`, { expiry_secs: 60, name: 'short' });
  const token = String(made.body['token']);
  assert.equal((await ask('GET', '/v1/Accounts', undefined, token)).status, 200);
  assert.doesNotMatch(JSON.stringify((await ask('GET', `/v1/Accounts/${account}/ApiKeys`)).body), new RegExp(token));
  clock.advance(61_000);
  assert.equal((await ask('GET', '/v1/Accounts', undefined, token)).status, 401);
  assert.equal((await ask('DELETE', `/v1/ApiKeys/${made.body.sid}`)).status, 204);
  const [adminKey] = directory.all('apiKey').filter((key) => key.accountSid === undefined);
  assert.equal((await ask('DELETE', `/v1/ApiKeys/${adminKey?.sid}`)).body['code'], 'last-admin');
  const brief = (await ask('POST', '/v1/ApiKeys', { expiry_secs: 1 })).body.sid;
  clock.advance(2_000);
  assert.equal((await ask('DELETE', `/v1/ApiKeys/${adminKey?.sid}`)).body['code'], 'last-admin', 'one expired is none');
  assert.equal((await ask('DELETE', `/v1/ApiKeys/${brief}`)).status, 204);
});

test('the webhook secret is only at its own path, and can be made anew', async () => {
  const shown = (await ask('GET', `/v1/Accounts/${account}`)).body;
  assert.equal(Object.hasOwn(shown, 'webhook_secret'), false);
  const first = (await ask('GET', `/v1/Accounts/${account}/WebhookSecret`)).body['webhook_secret'];
  const second = (await ask('GET', `/v1/Accounts/${account}/WebhookSecret?regenerate=true`)).body['webhook_secret'];
  assert.notEqual(first, second);
  assert.equal(directory.get('account', account)?.webhookSecret, second);
});

test('health needs no key: alive, ready or not and why, metrics', async () => {
  assert.equal((await fetch(`${base}/healthz`)).status, 200);
  assert.equal((await fetch(`${base}/readyz`)).status, 200);
  state.ready = false;
  const response = await fetch(`${base}/readyz`);
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), { status: 'not ready', reason: 'draining' });
  state.ready = true;
  assert.match(await (await fetch(`${base}/metrics`)).text(), /^up 1/);
});

test('OpenAPI 3.1 is generated from the schemas that validate', async () => {
  const document = (await (await fetch(`${base}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<
      string,
      Record<
        string,
        {
          summary: string;
          requestBody?: { content: Record<string, { schema: { required: string[] } }> };
          responses: Record<string, { content: Record<string, { schema: { required: string[] } }> }>;
        }
      >
    >;
  };
  assert.match(document.openapi, /^3\.1\./);
  const create = document.paths['/v1/Accounts/{account_sid}/Calls']?.['post'];
  assert.deepEqual(create?.requestBody?.content['application/json']?.schema.required, ['from', 'to']);
  assert.ok(Object.keys(document.paths).length > 40, `${Object.keys(document.paths).length} paths`);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const { responses, summary } of Object.values(methods)) {
      assert.doesNotMatch(summary, /\ba [aeio]/i, path);
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        path,
      );
      const refused = responses['4XX']?.content['application/json']?.schema.required;
      if (path.startsWith('/v1/')) assert.deepEqual(refused, ['msg', 'code', 'details'], path);
    }
  }
});

test('F3: no CORS header, whatever origin asks', async () => {
  const response = await fetch(`${base}/v1/Accounts`, {
    headers: { origin: 'https://evil.test', authorization: `Bearer ${admin}` },
  });
  assert.equal(response.headers.get('access-control-allow-origin'), null);
  assert.equal(
    (await fetch(`${base}/v1/Accounts`, { method: 'OPTIONS', headers: { origin: 'https://evil.test' } })).ok,
    false,
  );
});

test('an answer of the server never holds a stack or a path of ours', async () => {
  control.list = () => {
    throw new Error('boom at /secret/path.ts');
  };
  const { status, body } = await ask('GET', `/v1/Accounts/${account}/Calls`);
  Reflect.deleteProperty(control, 'list');
  assert.equal(status, 500);
  assert.doesNotMatch(JSON.stringify(body), /boom|secret|\.ts/);
});

test('bytes that are not HTTP close the connection and disturb nobody', async () => {
  const socket = net.connect(Number(new URL(base).port), '127.0.0.1');
  socket.write('\u0000\u0001GET / SIP/2.0\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve).resume());
  assert.equal((await fetch(`${base}/healthz`)).status, 200);
});

test('guessing keys: past ten failures a minute a source waits, with a valid key too', async () => {
  for (let i = 0; i < 12; i++) await ask('GET', '/v1/Accounts', undefined, 'guess');
  const blocked = await ask('GET', '/v1/Accounts');
  assert.equal(blocked.status, 429);
  assert.ok(Number(blocked.headers.get('retry-after')) > 0);
  clock.advance(60_001);
  assert.equal((await ask('GET', '/v1/Accounts')).status, 200);
});
