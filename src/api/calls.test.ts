import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cdr } from '../ports/index.ts';
import { account, accountToken, ask, clock, control, live, store, useServer } from './kit.test.ts';

useServer();

test('a call is placed: the body reaches call control, its number without separators; the answer reaches the client', async () => {
  control.asked = [];
  control.answer = { ok: true, status: 201, body: { sid: 'c1', callId: 'x' } };
  const body = {
    from: '+15550001111',
    to: { type: 'phone', number: '+1 (555) 123-0002' },
    call_hook: 'https://app.test/',
    tag: { a: [1] },
    callerName: null,
  };
  const made = await ask('POST', `/v1/Accounts/${account}/Calls`, body, accountToken);
  assert.equal(made.status, 201);
  assert.deepEqual(made.body, { sid: 'c1', callId: 'x' });
  assert.deepEqual(control.asked, [
    [
      account,
      {
        from: '+15550001111',
        to: { type: 'phone', number: '+15551230002' },
        call_hook: 'https://app.test/',
        tag: { a: [1] },
      },
    ],
  ]);
  control.answer = { ok: false, status: 480, message: 'no carrier' };
  const refused = await ask('POST', `/v1/Accounts/${account}/Calls`, body);
  assert.equal(refused.status, 480);
  assert.equal(refused.body.msg, 'no carrier');
});

test('a call that lacks what it needs is refused before call control hears of it', async () => {
  control.asked = [];
  const at = `/v1/Accounts/${account}/Calls`;
  const cases: [unknown, string][] = [
    [{ from: '1', to: { type: 'sip' }, call_hook: 'https://x.test' }, '/to/sipUri'],
    [{ from: '1', to: { type: 'user', name: 'bob' } }, '/application_sid'],
    [{ from: '1', to: { type: 'user', name: 'bob' }, call_hook: '/relative' }, '/call_hook'],
    [{ from: '1', to: { type: 'user', name: 'bob' }, application_sid: 'nope' }, '/application_sid'],
    [{ from: '1', to: { type: 'user', name: 'bob' }, app_json: [{ verb: 'nope' }] }, '/app_json'],
    [{ from: 1, to: { type: 'user', name: 'bob' }, call_hook: 'https://x.test' }, '/from'],
    [{ from: '1', to: { type: 'fax', number: '1' }, call_hook: 'https://x.test' }, '/to/type'],
    [{ from: '1', to: { type: 'user', name: 'a b' }, call_hook: 'https://x.test' }, '/to/name'],
    [{ from: 'Ann', to: { type: 'phone', number: '+15551230001' }, call_hook: 'https://x.test' }, '/from'],
    [
      { from: '1', to: { type: 'user', name: 'bob' }, call_hook: 'https://x.test', headers: { 'X-A': 'a\r\nVia: b' } },
      '/headers/X-A',
    ],
    [
      {
        from: '1',
        to: { type: 'sip', sipUri: 'sip:a@b', auth: { username: 'u', password: 'a\nb' } },
        call_hook: 'https://x.test',
      },
      '/to/auth/password',
    ],
  ];
  for (const [body, path] of cases) {
    const refused = await ask('POST', at, body);
    assert.equal(refused.status, 400, path);
    assert.equal(refused.body.details?.[0]?.path, path, JSON.stringify(refused.body));
  }
  assert.deepEqual(control.asked, []);
});

test('§4.2: an update carries exactly one command; whisper may accompany, child_call_hook its call_hook', async () => {
  const at = `/v1/Accounts/${account}/Calls/c1`;
  control.answer = { ok: true, status: 202 };
  const none = await ask('PUT', at, {});
  assert.equal(none.status, 400);
  assert.equal(none.body.msg, 'no valid options supplied to updateCall');
  const two = await ask('POST', at, { mute_status: 'mute', call_status: 'completed' });
  assert.equal(two.status, 400);
  assert.equal(two.body.msg, 'multiple options are not allowed in updateCall');
  const good = [
    { call_status: 'completed' },
    { mute_status: 'mute', whisper: { verb: 'play', url: 'http://x.test/a.wav' } },
    { whisper: [{ verb: 'play', url: 'http://x.test/a.wav' }] },
    { call_hook: 'http://x.test', child_call_hook: 'http://y.test' },
    { call_hook: { url: 'http://x.test', method: 'GET' }, call_status_hook: 'http://x.test/s' },
    { boostAudioSignal: 0 },
    { dtmf: { digit: '1#', duration: 200 } },
    { tag: { any: 'thing' } },
  ];
  for (const body of good) {
    for (const method of ['PUT', 'POST']) assert.equal((await ask(method, at, body)).status, 202, JSON.stringify(body));
  }
  assert.equal((await ask('PUT', at, { call_status: 'gone' })).status, 400);
  control.answer = { ok: false, status: 422, message: 'the call is not answered' };
  const state = await ask('PUT', at, { call_status: 'completed' });
  assert.equal(state.status, 422);
  assert.equal(state.body.msg, 'the call is not answered');
});

function cdr(callSid: string, attemptedAt: number): Cdr {
  return {
    callSid,
    accountSid: account,
    applicationSid: undefined,
    parentCallSid: undefined,
    direction: 'inbound',
    from: '1',
    to: '2',
    answered: true,
    sipCallId: 'cid',
    sipParentCallId: undefined,
    sipStatus: 200,
    duration: 3,
    attemptedAt,
    answeredAt: attemptedAt,
    terminatedAt: attemptedAt,
    terminationReason: 'hangup',
    terminatedBy: 'caller',
    trunk: 'acme',
    host: 'h',
    remoteHost: 'r',
    traceId: 't',
    recordingUrl: undefined,
    mos: 4.3,
    packetsLostPercent: 0,
    jitterMs: 1,
    roundTripMs: 2,
  };
}

test('calls: running ones are listed and read, ended ones are read from their record, deleted ones are hidden', async () => {
  control.calls = [{ call_sid: 'run', account_sid: account, call_status: 'in-progress' }];
  // Not flushed: a client that asks at once must find it.
  store.appendCdr(cdr('ended', clock.now()));
  const at = `/v1/Accounts/${account}/Calls`;
  assert.equal(((await ask('GET', `${at}/`)).body as unknown as unknown[]).length, 1);
  assert.equal((await ask('GET', `${at}/run`)).body['call_status'], 'in-progress');
  assert.equal((await ask('GET', `${at}/ended`)).body['call_status'], 'completed');
  assert.deepEqual((await ask('GET', `/v1/Accounts/${account}/CallCount`)).body, { inbound: 1, outbound: 0 });
  assert.equal((await ask('DELETE', `${at}/ended`)).status, 204);
  assert.equal((await ask('GET', `${at}/ended`)).status, 404);
  assert.equal((await ask('DELETE', `${at}/nope`)).status, 404);
  control.calls = [];
});

test('RecentCalls: pages, filters and times', async () => {
  const now = clock.now();
  for (let i = 0; i < 30; i++)
    store.appendCdr({ ...cdr(`r${i}`, now - i * 3_600_000), trunk: i % 2 === 0 ? 'even' : 'odd' });
  await store.flush();
  const at = `/v1/Accounts/${account}/RecentCalls`;
  const page = (await ask('GET', `${at}?page=2&count=10&trunk=even&answered=true`)).body as unknown as {
    total: number;
    page: number;
    batch: number;
    data: Record<string, unknown>[];
  };
  assert.equal(page.total, 15);
  assert.equal(page.page, 2);
  assert.equal(page.data.length, 5);
  assert.equal(page.data[0]?.['trunk'], 'even');
  assert.equal(page.data[0]?.['mos'], 4.3);
  const day = (await ask('GET', `${at}?days=1&count=500`)).body['total'];
  assert.ok(Number(day) >= 24 && Number(day) < 30, `${String(day)} in a day`);
  const start = new Date(now - 5.5 * 3_600_000).toISOString();
  assert.equal((await ask('GET', `${at}?start=${start}&trunk=odd`)).body['total'], 3);
  for (const bad of ['count=501', 'page=0', 'start=yesterday', 'answered=perhaps', 'colour=red']) {
    assert.equal((await ask('GET', `${at}?${bad}`)).status, 400, bad);
  }
});

test('Alerts are listed by type', async () => {
  store.appendAlert({ sid: 'al', time: clock.now(), accountSid: account, type: 'no-carrier', message: 'none' });
  const { body } = await ask('GET', `/v1/Accounts/${account}/Alerts?alert_type=no-carrier`);
  assert.equal(body['total'], 1);
  assert.equal((body['data'] as { alert_type: string }[])[0]?.alert_type, 'no-carrier');
});

test('RegisteredSipUsers: every contact in GET, the named ones in POST', async () => {
  const binding = {
    aor: 'alice@acme.test',
    accountSid: account,
    clientSid: 'x',
    contact: 'sip:alice@192.0.2.7',
    transport: 'udp',
    address: '192.0.2.7',
    port: 5060,
    node: 'n',
    path: [],
    callId: 'c',
    cseq: 1,
    q: 1,
    userAgent: 'phone',
    registeredAt: clock.now(),
    expiresAt: clock.now() + 60_000,
  } as const;
  await live.bind(binding);
  await live.bind({ ...binding, aor: 'bob@acme.test', contact: 'sip:bob@192.0.2.8' });
  const at = `/v1/Accounts/${account}/RegisteredSipUsers`;
  assert.equal(((await ask('GET', at)).body as unknown as unknown[]).length, 2);
  const [found, ...more] = (await ask('POST', at, ['bob'])).body as unknown as Record<string, unknown>[];
  assert.equal(found?.['contact'], 'sip:bob@192.0.2.8');
  assert.equal(found?.['protocol'], 'udp');
  assert.equal(more.length, 0);
  await live.unbind('alice@acme.test');
  await live.unbind('bob@acme.test');
});

test('Trace: JSON, a capture to download, the ladder page; 404 for what is unknown', async () => {
  const at = `/v1/Accounts/${account}/Calls/known/Trace`;
  assert.deepEqual((await ask('GET', at)).body, [{ kind: 'sip' }]);
  const pcap = await ask('GET', `${at}?format=pcap`);
  assert.equal(pcap.body['said'], 'pcap');
  assert.match(pcap.headers.get('content-disposition') ?? '', /attachment; filename="known\.pcap"/);
  assert.match((await ask('GET', `${at}?format=html`)).headers.get('content-type') ?? '', /^text\/html/);
  assert.equal((await ask('GET', `${at}?format=gif`)).status, 400);
  assert.equal((await ask('GET', `/v1/Accounts/${account}/Calls/unknown/Trace`)).status, 404);
});
