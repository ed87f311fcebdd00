// Live control by REST: update, hang up, mute, digits; calls placed by REST; timelines. reference.md 4.1 to 4.3.
import assert from 'node:assert/strict';
import { dial, type Json, levelOf, type OutgoingPhoneCall, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({
  phones: ['acme', 'desk'],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('acme')] }] }),
});

type Talk = { call: OutgoingPhoneCall; parent: string; child: string };

/** Alice and desk talk. */
async function talking(w: World): Promise<Talk> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  return { call, parent: child.body['parent_call_sid'], child: child.body['call_sid'] };
}

story('Calls lists both legs, and each can be read', async (w) => {
  const { call, parent, child } = await talking(w);
  const { body } = await w.account('GET', '/Calls');
  const listed = (body as Json[]).map((each) => each.call_sid);
  assert.deepEqual(new Set(listed), new Set([parent, child]));
  assert.equal(listed.length, 2);
  const one = await w.account('GET', `/Calls/${child}`);
  assert.equal(one.body.parent_call_sid, parent);
  assert.equal(one.body.call_status, 'in-progress');
  await call.hangsUp();
  assert.equal((await w.account('GET', '/Calls/00000000-0000-4000-8000-000000000000')).status, 404);
});

story('call_status completed ends the whole call', async (w) => {
  const { call, parent } = await talking(w);
  assert.equal((await w.update(parent, { call_status: 'completed' })).status, 202);
  await call.byed();
  await (await w.phone('desk').nextCall()).byed();
  assert.equal((await w.next('/action')).body['dial_terminated_by'], 'api');
});

story('call_hook replaces the application: the dial ends, its actionHook’s answer is ignored', async (w) => {
  const { call, parent } = await talking(w);
  w.app.on('/new', [{ verb: 'hangup', headers: { 'X-New': 'yes' } }]);
  w.app.on('/action', [{ verb: 'hangup', headers: { 'X-New': 'no' } }]);
  assert.equal((await w.update(parent, { call_hook: w.app.url('/new') })).status, 202);
  assert.equal((await call.byed()).get('x-new'), 'yes');
  await (await w.phone('desk').nextCall()).byed();
  await w.next('/action');
});

story('mute_status silences one direction, and unmute brings it back', async (w) => {
  const { call, parent } = await talking(w);
  const desk = await w.phone('desk').nextCall();
  await desk.hears(440);
  assert.equal((await w.update(parent, { mute_status: 'mute' })).status, 202);
  // What was on its way is still heard.
  const { ears } = desk.media ?? assert.fail('no media');
  const muted = performance.now();
  const silent = await ears.packets.until((each) => each.at > muted && levelOf(each.samples, 440) < -40, {
    what: 'silence at the callee',
    story: () => w.story(),
  });
  await call.hears(620, { since: silent.at + 300 });
  assert.ok(ears.heard(440, { since: silent.at }) < -40, 'the callee hears nothing of the caller');
  assert.equal((await w.update(parent, { mute_status: 'unmute' })).status, 202);
  await desk.hears(440);
  await call.hangsUp();
});

story('dtmf presses a key towards the leg named', async (w) => {
  const { call, parent, child } = await talking(w);
  const desk = await w.phone('desk').nextCall();
  assert.equal((await w.update(parent, { dtmf: { digit: '5', duration: 200 } })).status, 202);
  await call.media?.ears.digits.until((each) => each.digit === '5', {
    what: 'a 5 at the caller',
    story: () => w.story(),
  });
  assert.equal((await w.update(child, { dtmf: { digit: '#' } })).status, 202);
  await desk.media?.ears.digits.until((each) => each.digit === '#', {
    what: 'a # at the callee',
    story: () => w.story(),
  });
  assert.equal(call.media?.ears.digits.entries.length, 1);
  await call.hangsUp();
});

story('tag by REST is in the hooks that follow', async (w) => {
  const { call, parent } = await talking(w);
  assert.equal((await w.update(parent, { tag: { seat: 12 } })).status, 202);
  await call.hangsUp();
  assert.deepEqual((await w.next('/action')).body['customerData'], { seat: 12 });
});

story('what cannot be done is refused with a reason: 400, 404, 422', async (w) => {
  const { call, parent } = await talking(w);
  for (const [body, status] of [
    [{}, 400],
    [{ call_status: 'dancing' }, 400],
    [{ mute_status: 'mute', tag: {} }, 400],
    [{ call_status: 'no-answer' }, 422],
  ] as const) {
    const answer = await w.update(parent, body);
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.ok(String(answer.body.msg).length > 5);
  }
  assert.equal((await w.update('00000000-0000-4000-8000-000000000000', { tag: {} })).status, 404);
  await call.hangsUp();
});

story('without the token there is nothing to see', async (w) => {
  const response = await fetch(`${w.graine.http.url}/v1/Accounts/${w.accountSid}/Calls`, {
    headers: { authorization: 'Bearer wrong' },
  });
  assert.ok([401, 403].includes(response.status));
});

story('POST Calls places a call; its hook is asked at the answer', async (w) => {
  w.phone('acme').onInvite = phones.answersAfter(50, { tone: 620 });
  w.app.on('/outbound', [{ verb: 'play', url: 'tone_stream://%(3000,0,800)' }]);
  const created = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'phone', number: '+15559990001' },
    call_hook: w.app.url('/outbound'),
    call_status_hook: w.app.url('/status'),
    speech_synthesis_voice: 'alto',
    speech_recognizer_language: 'de-DE',
    env_vars: { GREETING: 'hello' },
    timeout: 0,
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  assert.equal(typeof created.body.callId, 'string');
  const callee = await w.phone('acme').nextCall();
  assert.equal(w.app.all('/outbound').length, 0);
  await callee.hears(800);
  const { body } = await w.next('/outbound');
  assert.equal(body['call_sid'], created.body.sid);
  assert.equal(body['direction'], 'outbound');
  assert.deepEqual(body['defaults'], { synthesizer: { voice: 'alto' }, recognizer: { language: 'de-DE' } });
  assert.deepEqual(body['env_vars'], { GREETING: 'hello' });
  await callee.hangsUp();
  await w.status((status) => status['call_sid'] === created.body.sid && status['call_status'] === 'completed');
});

story('POST Calls that is not answered is cancelled at its timeout', async (w) => {
  const created = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    call_hook: w.app.url('/outbound'),
    call_status_hook: w.app.url('/status'),
    timeout: 1,
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  await (await w.phone('desk').nextCall()).cancelled();
  await w.status((status) => status['call_sid'] === created.body.sid && status['call_status'] === 'no-answer');
  assert.equal(w.app.all('/outbound').length, 0);
});

for (const [what, body] of [
  ['no `to`', { from: '+15551230001', call_hook: 'http://127.0.0.1:9/' }],
  ['a `to` without number', { from: '+15551230001', to: { type: 'phone' }, call_hook: 'http://127.0.0.1:9/' }],
  ['no hook', { from: '+15551230001', to: { type: 'phone', number: '+15559990001' } }],
] as const)
  story(`POST Calls with ${what} is 400 and names the field`, async (w) => {
    const answer = await w.account('POST', '/Calls', body);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.ok(typeof answer.body.msg === 'string');
  });

story('the trace of a call has its SIP, hooks, media and moves, of all legs; the pcap opens', async (w) => {
  const { call, parent, child } = await talking(w);
  await call.hangsUp();
  await w.next('/action');
  const trace = await w.eventually('the trace is whole', async () => {
    const { status, body } = await w.account('GET', `/Calls/${parent}/Trace`);
    return status === 200 && JSON.stringify(body).includes('completed') && (body as Json);
  });
  const text = JSON.stringify(trace);
  for (const wanted of ['INVITE', 'BYE', '/call', '/action', parent, child]) assert.ok(text.includes(wanted), wanted);
  const { url, token } = w.graine.http;
  const pcap = await fetch(`${url}/v1/Accounts/${w.accountSid}/Calls/${parent}/Trace?format=pcap`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const bytes = Buffer.from(await pcap.arrayBuffer());
  assert.equal(pcap.status, 200);
  assert.ok([0xa1b2c3d4, 0xa1b23c4d, 0x0a0d0d0a].includes(bytes.readUInt32LE(0)), bytes.subarray(0, 4).toString('hex'));
});

story('RecentCalls has one row a leg, with who, how long, why', async (w) => {
  const { call, parent, child } = await talking(w);
  await call.hangsUp();
  await w.next('/action');
  const rows = await w.eventually('both rows', async () => {
    const { body } = await w.account('GET', '/RecentCalls?page=1&count=100&days=1');
    const found = (body.data as Json[]).filter((row) => row.call_sid === parent || row.call_sid === child);
    return found.length === 2 && found;
  });
  const [caller, callee] = [parent, child].map((sid) => rows.find((row) => row.call_sid === sid));
  assert.equal(caller.answered, true);
  assert.equal(caller.direction, 'inbound');
  assert.equal(caller.trunk, 'origin');
  assert.equal(callee.direction, 'outbound');
  assert.equal(callee.sip_status, 200);
  for (const row of rows) assert.ok(row.termination_reason.length > 0);
});

story('healthz, readyz, metrics and openapi.json are served', async (w) => {
  for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
    const response = await fetch(`${w.graine.http.url}${path}`);
    assert.equal(response.status, 200, path);
    await response.arrayBuffer();
  }
});
