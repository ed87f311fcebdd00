// Commands that make two calls of one, that are sent twice, and that come when they cannot be obeyed. reference.md 4.2.
import assert from 'node:assert/strict';
import { dial, type Json, type OutgoingPhoneCall, odd, phones, stage, toSip, type World } from '../kit/index.ts';

// Two media workers: legs that part must still be able to be bridged anew.
const story = stage({ phones: ['desk', 'other'], config: { media: { workers: 2, port_rest_seconds: 0 } } });

async function talking(w: World, more = {}): Promise<{ call: OutgoingPhoneCall; parent: string; child: string }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([...dial([toSip(w.phone('desk'))], more), { verb: 'hangup', headers: { 'X-Next': 'verb' } }]);
  const call = w.calls();
  await call.hears(620);
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  return { call, parent: child.body['parent_call_sid'], child: child.body['call_sid'] };
}

/** With a key. */
async function keyed(
  w: World,
  method: string,
  path: string,
  about: { key: string; body: unknown },
): Promise<{ status: number; text: string }> {
  const { url, token } = w.graine.http;
  const response = await fetch(`${url}/v1/Accounts/${w.accountSid}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': about.key },
    body: JSON.stringify(about.body),
  });
  return { status: response.status, text: await response.text() };
}

story(
  'child_call_hook gives the callee an application of its own; the caller goes on with the next verb',
  async (w) => {
    const { call, parent, child } = await talking(w);
    w.app.on('/child', [{ verb: 'pause', length: 600 }]);
    assert.equal((await w.update(parent, { child_call_hook: w.app.url('/child') })).status, 202);
    const asked = await w.next('/child');
    assert.equal(asked.body['call_sid'], child);
    assert.equal(asked.body['parent_call_sid'], parent);
    assert.equal(asked.body['parentCallInfo'].call_sid, parent);
    const action = await w.next('/action');
    assert.equal(action.body['dial_call_status'], 'completed');
    assert.equal(action.body['dial_call_sid'], child);
    assert.equal((await call.byed()).get('x-next'), 'verb');
    // The caller is gone; the callee is a call of its own, still talking to its application.
    const { body } = await w.account('GET', `/Calls/${child}`);
    assert.equal(body.call_status, 'in-progress');
    w.app.on('/later', [{ verb: 'hangup', headers: { 'X-By': 'child' } }]);
    assert.equal((await w.update(child, { call_hook: w.app.url('/later') })).status, 202);
    assert.equal((await (await w.phone('desk').nextCall()).byed()).get('x-by'), 'child');
    await w.status((status) => status['call_sid'] === child && status['call_status'] === 'completed');
    assert.deepEqual(w.statuses(child).filter((each) => each === 'in-progress/200').length, 1);
    const trace = await w.account('GET', `/Calls/${child}/Trace`);
    assert.ok(JSON.stringify(trace.body).includes('/later'), 'its timeline has its own hooks');
  },
);

story('the callee’s own application can dial on', async (w) => {
  const { call, parent } = await talking(w);
  // The caller stays: its worker is the busier one.
  w.app.on('/action', [{ verb: 'pause', length: 600 }]);
  w.phone('other').onInvite = phones.answersAfter(10, { tone: 800 });
  w.app.on('/child', dial([toSip(w.phone('other'))], { actionHook: '/child-action' }));
  assert.equal((await w.update(parent, { child_call_hook: w.app.url('/child') })).status, 202);
  const desk = await w.phone('desk').nextCall();
  await desk.hears(800);
  await (await w.phone('other').nextCall()).hears(620);
  await desk.hangsUp();
  assert.equal((await w.next('/child-action')).body['dial_call_status'], 'completed');
  await call.hangsUp();
});

story('call_hook and child_call_hook together: both sides get new verbs', async (w) => {
  const { call, parent } = await talking(w);
  w.app.on('/child', [{ verb: 'hangup', headers: { 'X-By': 'child' } }]);
  w.app.on('/parent', [{ verb: 'hangup', headers: { 'X-By': 'parent' } }]);
  const both = { call_hook: w.app.url('/parent'), child_call_hook: w.app.url('/child') };
  assert.equal((await w.update(parent, both)).status, 202);
  const desk = await w.phone('desk').nextCall();
  assert.equal((await desk.byed()).get('x-by'), 'child');
  assert.equal((await call.byed()).get('x-by'), 'parent');
});

for (const [title, answer, type] of [
  ['fails', odd({ status: 500 }), 'webhook-failure'],
  ['answers what is not valid', [{ verb: 'dance' }], 'error-updating-call'],
] as const)
  story(`a child_call_hook that ${title}: an alert, and the two go on talking`, async (w) => {
    const { call, parent } = await talking(w);
    w.app.on('/child', answer);
    assert.equal((await w.update(parent, { child_call_hook: w.app.url('/child') })).status, 202);
    await w.eventually(`an alert ${type}`, async () => (await w.alerts(type)).length > 0);
    await call.hears(620, { since: performance.now() });
    assert.equal(w.app.all('/action').length, 0);
    await call.hangsUp();
  });

story('each command that the state forbids is 422 with the reason', async (w) => {
  w.app.answers([{ verb: 'pause', length: 600 }]);
  const call = w.calls();
  const { body: asked } = await w.next('/call');
  const sid: string = asked['call_sid'];
  for (const [body, reason] of [
    [{ child_call_hook: w.app.url('/child') }, /dial/],
    [{ call_status: 'completed' }, /answered call/],
    [{ mute_status: 'mute' }, /answered call/],
    [{ dtmf: { digit: '1' } }, /answered call/],
    [{ listen_status: 'pause' }, /nobody listens/],
    [{ conf_mute_status: 'mute' }, /conf_mute_status/],
    [{ transcribe_status: 'pause' }, /being transcribed/],
  ] as const) {
    const answer = await w.update(sid, body);
    assert.equal(answer.status, 422, JSON.stringify([body, answer]));
    assert.match(answer.body.msg as string, reason);
  }
  for (const body of [{}, { call_status: 'completed', mute_status: 'mute' }, { call_status_hook: w.app.url('/x') }])
    assert.equal((await w.update(sid, body)).status, 400, JSON.stringify(body));
  assert.equal((await w.account('POST', `/Calls/${sid}`, { call_status: 'no-answer' })).status, 202);
  assert.equal((await call.refused()).status, 480);
  assert.equal((await w.update(sid, { tag: {} })).status, 422);
});

story('an Idempotency-Key: the same command is done once, another body is 422', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10);
  const body = {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    app_json: [{ verb: 'pause', length: 600 }],
  };
  const [first, second] = await Promise.all([
    keyed(w, 'POST', '/Calls', { key: 'one', body }),
    keyed(w, 'POST', '/Calls', { key: 'one', body }),
  ]);
  assert.equal(first.status, 201, first.text);
  assert.deepEqual(second, first);
  assert.deepEqual(await keyed(w, 'POST', '/Calls', { key: 'one', body }), first);
  assert.equal((await keyed(w, 'POST', '/Calls', { key: 'one', body: { ...body, timeout: 3 } })).status, 422);
  const { sid } = JSON.parse(first.text) as { sid: string };
  const desk = await w.phone('desk').nextCall();
  await w.eventually('it is answered', async () => {
    return (await w.account('GET', `/Calls/${sid}`)).body.call_status === 'in-progress';
  });
  assert.equal(((await w.account('GET', '/Calls')).body as Json[]).length, 1);
  const hangUp = { key: 'two', body: { call_status: 'completed' } };
  assert.equal((await keyed(w, 'PUT', `/Calls/${sid}`, hangUp)).status, 202);
  await desk.byed();
  // The call is gone, but the command had been accepted: so says its repetition.
  assert.equal((await keyed(w, 'PUT', `/Calls/${sid}`, hangUp)).status, 202);
  assert.equal((await keyed(w, 'PUT', `/Calls/${sid}`, { ...hangUp, key: 'three' })).status, 422);
  assert.equal((await keyed(w, 'PUT', `/Calls/${sid}`, { ...hangUp, key: 'x'.repeat(300) })).status, 400);
});
