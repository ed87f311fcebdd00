// How a dial that nobody wins ends, for the application and for the caller. decisions.md, "Ringing" and "actionHook".
import assert from 'node:assert/strict';
import { type Behaviour, dial, type Json, phones, stage, toPhone, toSip, type World } from '../kit/index.ts';

const story = stage({
  phones: ['acme', 'desk', 'hall', 'attic'],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('acme')] }] }),
});

/** Rings these phones with answerOnBridge and returns what the application and the caller were told. */
async function outcome(w: World, behaviours: Readonly<Record<string, Behaviour>>, more = {}): Promise<Json> {
  for (const [name, behaviour] of Object.entries(behaviours)) w.phone(name).onInvite = behaviour;
  const targets = Object.keys(behaviours).map((name) => toSip(w.phone(name)));
  w.app.answers(dial(targets, { answerOnBridge: true, ...more }));
  const call = w.calls();
  const refusal = await call.refused({ within: 15_000 });
  const { body } = await w.next('/action');
  assert.equal(w.app.all('/action').length, 1, 'one actionHook a dial');
  return { ...body, caller: refusal.status };
}

story('486 is busy, and the caller of a single target hears 486', async (w) => {
  const end = await outcome(w, { desk: phones.busy() });
  assert.equal(end.dial_call_status, 'busy');
  assert.equal(end.dial_sip_status, 486);
  assert.equal(end.caller, 486);
});

story('600 is busy too', async (w) => {
  const end = await outcome(w, { desk: phones.declines(600) });
  assert.equal(end.dial_call_status, 'busy');
  assert.equal(end.dial_sip_status, 600);
});

for (const status of [404, 480, 500, 603])
  story(`${status} is failed, with its own status and reason`, async (w) => {
    const end = await outcome(w, { desk: phones.declines(status, 'So It Is') });
    assert.equal(end.dial_call_status, 'failed');
    assert.equal(end.dial_sip_status, status);
    assert.equal(end.dial_sip_reason, 'So It Is');
    assert.equal(end.caller, status);
  });

story('487 from the callee is no-answer', async (w) => {
  const end = await outcome(w, { desk: phones.declines(487) });
  assert.equal(end.dial_call_status, 'no-answer');
});

story('the ring timeout cancels everything that rings: no-answer and 487, always final', async (w) => {
  const end = await outcome(w, { desk: phones.ringsForEver(), hall: phones.ringsForEver() }, { timeout: 1 });
  assert.equal(end.dial_call_status, 'no-answer');
  assert.equal(end.dial_sip_status, 487);
  assert.equal(end.caller, 480);
  for (const name of ['desk', 'hall']) await (await w.phone(name).nextCall()).cancelled();
  assert.deepEqual(
    end.dial_results.map((each: Json) => each.status),
    ['no-answer', 'no-answer'],
  );
});

story(
  'a target that says nothing at all is given up at the ring timeout, with no CANCEL before a provisional',
  async (w) => {
    const end = await outcome(w, { desk: phones.ignores() }, { timeout: 1 });
    assert.equal(end.dial_call_status, 'no-answer');
    assert.equal(
      (await w.phone('desk').nextCall()).received.entries.filter((each) => each.method === 'CANCEL').length,
      0,
    );
  },
);

story('no-answer goes before busy, whichever came first', async (w) => {
  const end = await outcome(w, {
    desk: phones.busy(),
    hall: phones.declines(487, undefined, 100),
    attic: phones.declines(503),
  });
  assert.equal(end.dial_call_status, 'no-answer');
  assert.equal(end.caller, 480);
});

story('busy goes before failed, whichever came first', async (w) => {
  const end = await outcome(w, {
    desk: phones.declines(503),
    hall: phones.busy(80),
    attic: phones.declines(404, undefined, 160),
  });
  assert.equal(end.dial_call_status, 'busy');
  assert.equal(end.caller, 486);
});

story('where all failed, the best response is reported and the caller gets 503', async (w) => {
  const end = await outcome(w, { desk: phones.declines(503), hall: phones.declines(404) });
  assert.equal(end.dial_call_status, 'failed');
  assert.equal(end.dial_sip_status, 404, 'RFC 3261 §16.7: 4xx before 5xx');
  assert.equal(end.caller, 503);
});

story('a 6xx ends the hope of that target only, and counts first among the failed', async (w) => {
  const end = await outcome(w, { desk: phones.declines(603), hall: phones.declines(404, undefined, 60) });
  assert.equal(end.dial_call_status, 'failed');
  assert.equal(end.dial_sip_status, 603);
});

story('a 200 without SDP does not win', async (w) => {
  const end = await outcome(w, { desk: phones.noSdp200() });
  assert.equal(end.dial_call_status, 'failed');
  await (await w.phone('desk').nextCall()).byed();
});

story('without answerOnBridge the caller was answered, so a failed dial ends with BYE', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.answered();
  await call.byed();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'busy');
});

story('a target out of reach: nobody refused it, so the dial ended by an error', async (w) => {
  w.app.answers(dial([{ type: 'sip', sipUri: 'sip:desk@127.0.0.1:9;transport=tcp' }], { answerOnBridge: true }));
  await w.calls().refused();
  const { body } = await w.next('/action');
  assert.deepEqual([body['dial_call_status'], body['dial_terminated_by']], ['failed', 'error']);
});

story('a caller that answers no late offer was never connected: failed, by an error', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls({ sdp: 'none', acks: false });
  await call.answered();
  call.acks({ answer: false });
  await call.byed();
  const { body } = await w.next('/action');
  assert.deepEqual([body['dial_call_status'], body['dial_terminated_by']], ['failed', 'error']);
  await (await w.phone('desk').nextCall()).byed();
});

story('a dial without targets fails at once, with an alert and its actionHook', async (w) => {
  w.app.answers(dial([], { answerOnBridge: true }));
  const call = w.calls();
  await call.refused();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
});

story('a target without its key field fails the dial at once, named in an alert', async (w) => {
  w.app.answers(dial([{ type: 'phone' }], { answerOnBridge: true }));
  const call = w.calls();
  await call.refused();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
  const alerts = await w.eventually('the alert', async () => {
    const found = JSON.stringify(await w.alerts('dial-refused'));
    return found.includes('number') && found;
  });
  assert.match(alerts, /target\[0\]\.number: expected E\.164 digits/);
});

story('eleven targets are refused', async (w) => {
  const targets = Array.from({ length: 11 }, (_, n) => ({ type: 'sip', sipUri: `sip:n${n}@127.0.0.1:9` }));
  w.app.answers(dial(targets, { answerOnBridge: true }));
  await w.calls().refused();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
});

story('a callerId that is no number is refused where a phone target is rung', async (w) => {
  w.app.answers(dial([toPhone()], { answerOnBridge: true, callerId: 'not a number' }));
  await w.calls().refused();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
  assert.equal(w.phone('acme').calls.entries.length, 0);
});

story('the actionHook says who was called, how it ended and how it sounded', async (w) => {
  w.phone('acme').onInvite = phones.answersAfter(50, { tone: 620, hangsUpAfter: 1200 });
  w.phone('desk').onInvite = phones.busy();
  w.app.answers(dial([toPhone(), toSip(w.phone('desk'))], { id: 'my-dial', tag: { order: 7 } }));
  const call = w.calls();
  await call.byed();
  const { body } = await w.next('/action');
  const known = [
    'call_sid',
    'direction',
    'from',
    'to',
    'call_id',
    'sip_status',
    'call_status',
    'account_sid',
    'application_sid',
  ];
  for (const field of [...known, 'originating_sip_trunk_name']) assert.ok(body[field] !== undefined, `field ${field}`);
  assert.equal(body['direction'], 'inbound');
  assert.equal(body['verb_id'], 'my-dial');
  assert.equal(body['dial_call_status'], 'completed');
  assert.equal(body['dial_sip_status'], 200);
  assert.equal(body['dial_terminated_by'], 'callee');
  assert.ok(body['dial_duration'] >= 1 && body['dial_duration'] <= 3, `dial_duration ${body['dial_duration']}`);
  assert.ok(body['dial_answered_at'] !== undefined);
  const results = body['dial_results'] as Json[];
  assert.deepEqual(results.map((each) => `${each.status} ${each.sip_status}`).sort(), ['busy 486', 'completed 200']);
  const won = results.find((each) => each.status === 'completed');
  assert.equal(won.call_sid, body['dial_call_sid']);
  assert.ok(won.rang_at !== undefined && won.answered_at !== undefined);
  const quality = JSON.stringify(body['dial_quality']);
  for (const field of ['mos', 'packets_lost_percent', 'jitter_ms']) assert.match(quality, new RegExp(field));
  assert.equal(body['customerData'], undefined, 'tag belongs to the child');
});
