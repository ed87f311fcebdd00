// sip:refer and sip:request: what an application sends inside its caller's dialog. reference.md 5.
import assert from 'node:assert/strict';
import { dial, phones, type PhoneCall, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });

/** The phone tells how the call it was asked to make goes. */
function notifies(party: PhoneCall, status: string, state = 'active;expires=60') {
  return party.request('NOTIFY', {
    headers: [
      ['Event', 'refer'],
      ['Subscription-State', state],
    ],
    contentType: 'message/sipfrag',
    body: `SIP/2.0 ${status}\r\n`,
  });
}

const refer = (more: object = {}) => [
  { verb: 'answer' },
  { verb: 'sip:refer', referTo: '+15550009', actionHook: '/referred', eventHook: '/event', id: 'r1', ...more },
];

story('sip:refer: the caller is asked to call somebody, its news go to the hooks', async (w) => {
  w.app.answers(refer({ referredBy: 'sip:desk@example.test', headers: { 'X-Why': 'closing time' } }));
  const call = w.calls();
  const request = await call.gets('REFER');
  assert.match(request.get('refer-to') ?? '', /^<sip:\+15550009@127\.0\.0\.1>$/);
  assert.equal(request.get('referred-by'), '<sip:desk@example.test>');
  assert.equal(request.get('x-why'), 'closing time');
  assert.equal((await notifies(call, '100 Trying')).status, 200);
  assert.equal((await notifies(call, '180 Ringing')).status, 200);
  assert.equal((await notifies(call, '200 OK', 'terminated;reason=noresource')).status, 200);
  const { body } = await w.next('/referred');
  assert.equal(body['refer_status'], 202);
  assert.equal(body['final_referred_call_status'], 200);
  assert.equal(body['verb_id'], 'r1');
  for (const status of [100, 180, 200]) {
    const event = await w.next('/event');
    assert.equal(event.body['event'], 'transfer-status');
    assert.equal(event.body['call_status'], status);
  }
  await call.byed();
});

story('sip:refer: a phone that declines ends it at once, without a final status of another call', async (w) => {
  w.app.answers(refer());
  const call = w.calls();
  call.answersRequests({ REFER: 603 });
  const { body } = await w.next('/referred');
  assert.equal(body['refer_status'], 603);
  assert.equal(body['final_referred_call_status'], undefined);
  await call.byed();
});

story('sip:refer: what would end the header is refused, nothing is sent', async (w) => {
  w.app.answers(refer({ referTo: 'sip:x@y>\r\nX-Evil: 1' }));
  const call = w.calls();
  const { body } = await w.next('/referred');
  assert.match(body['err'], /^referTo: /);
  await call.byed();
  assert.equal(call.received.entries.filter(({ method }) => method === 'REFER').length, 0);
});

story('sip:refer: Refer-Sub: false both ways ends it with the answer, nothing is waited for', async (w) => {
  w.app.answers(refer({ headers: { 'Refer-Sub': 'false' } }));
  const call = w.calls();
  call.answersRequests({ REFER: { status: 202, headers: [['Refer-Sub', 'false']] } });
  const request = await call.gets('REFER');
  assert.equal(request.get('refer-sub'), 'false');
  const { body } = await w.next('/referred');
  assert.equal(body['refer_status'], 202);
  assert.equal(body['final_referred_call_status'], undefined);
  await call.byed();
});

story('sip:refer: a subscription that ends without a last word ends it; what came before counts', async (w) => {
  w.app.answers(refer());
  const call = w.calls();
  await call.gets('REFER');
  await w.eventually('the answer is in', () =>
    Promise.resolve(call.received.entries.some((m) => m.method === 'REFER')),
  );
  assert.equal((await notifies(call, '180 Ringing')).status, 200);
  const last = await call.request('NOTIFY', {
    headers: [
      ['Event', 'refer'],
      ['Subscription-State', 'terminated;reason=giveup'],
    ],
  });
  assert.equal(last.status, 200);
  const { body } = await w.next('/referred');
  assert.equal(body['final_referred_call_status'], undefined);
  const event = await w.next('/event');
  assert.equal(event.body['call_status'], 180);
  assert.equal(event.body['call_sid'], body['call_sid']);
  assert.equal(event.body['direction'], 'inbound');
  await call.byed();
});

story('sip:refer: skipped while it rings; held it is sent; a caller who leaves meanwhile ends it', async (w) => {
  w.app.answers(refer().slice(1));
  assert.equal((await w.calls().refused()).status, 603);
  assert.equal(w.app.all('/referred').length, 0);
  w.app.answers([{ verb: 'answer' }, { verb: 'gather', numDigits: 1 }, ...refer().slice(1)]);
  const call = w.calls();
  await call.answered();
  assert.equal((await call.holds()).status, 200);
  await call.pressesByInfo('1');
  await call.gets('REFER');
  await notifies(call, '100 Trying');
  await call.hangsUp();
  const { body } = await w.next('/referred');
  assert.equal(body['call_status'], 'completed');
  assert.equal(body['refer_status'], 202);
});

story('sip:request: the far end gets it, the hook what it answered', async (w) => {
  w.app.answers([
    { verb: 'answer' },
    {
      verb: 'sip:request',
      method: 'MESSAGE',
      body: { ticket: 4711 },
      headers: { 'X-Kind': 'note' },
      actionHook: '/sent',
    },
    { verb: 'sip:request', method: 'INFO', body: 'plain', headers: { 'Content-Type': 'text/x-note' } },
    { verb: 'sip:request', method: 'INVITE', actionHook: '/refused' },
  ]);
  const call = w.calls();
  const message = await call.gets('MESSAGE');
  assert.equal(message.get('content-type'), 'application/json');
  assert.equal(message.body.toString(), '{"ticket":4711}');
  assert.equal(message.get('x-kind'), 'note');
  const { body } = await w.next('/sent');
  assert.deepEqual([body['result'], body['sip_status']], ['success', 200]);
  const info = await call.gets('INFO');
  assert.equal(info.get('content-type'), 'text/x-note');
  const refused = await w.next('/refused');
  assert.equal(refused.body['result'], 'failed');
  assert.match(refused.body['err'], /INVITE is not for applications to send/);
  await call.byed();
});

story('REST sip_request: answered with what the far end answered, on parent and child', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  await call.hears(620);
  const child = await w.status(
    (body) => body['parent_call_sid'] !== undefined && body['call_status'] === 'in-progress',
  );
  const spec = { method: 'INFO', content_type: 'application/x-ticket', content: '4711' };
  const toChild = await w.update(child.body['call_sid'], { sip_request: spec });
  assert.deepEqual([toChild.status, toChild.body.status], [200, 200]);
  assert.equal((await callee.gets('INFO')).body.toString(), '4711');
  const parent = child.body['parent_call_sid'] as string;
  assert.equal((await w.update(parent, { sip_request: spec })).status, 200);
  assert.equal((await call.gets('INFO')).get('content-type'), 'application/x-ticket');
  const evil = await w.update(parent, { sip_request: { ...spec, headers: { 'X-A': 'b\r\nVia: c' } } });
  assert.equal(evil.status, 422);
  const bye = await w.update(parent, { sip_request: { ...spec, method: 'BYE' } });
  assert.equal(bye.status, 422);
  await call.hangsUp();
});
