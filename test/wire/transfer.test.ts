// A party of a connected dial asks for a transfer by REFER. decisions.md "REFER, hold, transfer".
import assert from 'node:assert/strict';
import {
  dial,
  Gate,
  type IncomingPhoneCall,
  type Message,
  odd,
  type OutgoingPhoneCall,
  phones,
  type PhoneCall,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall'] });

type Talk = { readonly call: OutgoingPhoneCall; readonly callee: IncomingPhoneCall };

/** Alice and the desk talk through a dial with a referHook. */
async function talking(w: World, more: object = {}): Promise<Talk> {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.phone('hall').onInvite = phones.answersAfter(50, { tone: 880 });
  w.app.answers(dial([toSip(w.phone('desk'))], { referHook: '/refer', ...more }));
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), callee.hears(440)]);
  return { call, callee };
}

function refers(party: PhoneCall, headers: readonly (readonly [string, string])[] = []): Promise<Message> {
  return party.request('REFER', { headers: [['Refer-To', '<sip:carol@127.0.0.1:9>'], ...headers] });
}

/** The statuses the referrer was told of, and the last Subscription-State. */
async function told(party: PhoneCall, final: number): Promise<void> {
  const last = await party.gets(
    (message) => message.method === 'NOTIFY' && message.body.toString().startsWith(`SIP/2.0 ${final} `),
  );
  assert.match(last.get('subscription-state') ?? '', /^terminated/);
  assert.equal(last.get('event'), 'refer');
  assert.match(last.get('content-type') ?? '', /^message\/sipfrag/);
  const first = await party.gets((message) => message.method === 'NOTIFY');
  assert.match(first.body.toString(), /^SIP\/2\.0 100 /);
  assert.match(first.get('subscription-state') ?? '', /^active/);
}

story('the callee refers: the hook is told whom and by whom, its verbs run on the caller', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: '/second' }));
  const answer = await refers(callee, [
    ['Referred-By', '<sip:desk@example.test>'],
    ['X-Ticket-No', '4711'],
  ]);
  assert.equal(answer.status, 202);
  const { body } = await w.next('/refer');
  const details = body['refer_details'];
  assert.equal(details.refer_to_user, 'carol');
  assert.equal(details.sip_refer_to, '<sip:carol@127.0.0.1:9>');
  assert.equal(details.referred_by_user, 'desk');
  assert.equal(details.x_ticket_no, '4711');
  assert.equal(details.referring_call_sid, body['call_sid']);
  assert.notEqual(details.referred_call_sid, body['call_sid']);
  const hall = await w.phone('hall').nextCall();
  await told(callee, 200);
  await Promise.all([call.hears(880), hall.hears(440)]);
  await callee.byed();
  const first = await w.next('/action');
  assert.equal(first.body['dial_call_status'], 'completed');
  assert.equal(first.body['dial_terminated_by'], 'callee');
  assert.equal(first.body['dial_results'][0].status, 'completed', 'final, though the callee still waits for word');
  await call.hangsUp();
  await hall.byed();
  const second = await w.next('/second');
  assert.equal(second.body['dial_terminated_by'], 'caller');
});

story('the referrer may hang up as soon as it has its 202: the transfer goes on', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
  assert.equal((await refers(callee)).status, 202);
  await callee.hangsUp();
  const hall = await w.phone('hall').nextCall();
  await Promise.all([call.hears(880), hall.hears(440)]);
  await hall.hangsUp();
  await call.byed();
});

story('the transfer target is busy: the referrer is told so', async (w) => {
  const { call, callee } = await talking(w);
  w.phone('hall').onInvite = phones.busy();
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
  assert.equal((await refers(callee)).status, 202);
  await told(callee, 486);
  await Promise.all([callee.byed(), call.byed()]);
});

story('200 without a body accepts; the application moves the caller by REST, the callee is told', async (w) => {
  const { call, callee } = await talking(w);
  assert.equal((await refers(callee)).status, 202);
  const { body } = await w.next('/refer');
  w.app.on('/moved', () => dial([toSip(w.phone('hall'))], { actionHook: '/second' }));
  await Promise.all([call.hears(620), callee.hears(440)]);
  const parent = body['refer_details'].referred_call_sid as string;
  assert.equal((await w.update(parent, { call_hook: w.app.url('/moved') })).status, 202);
  await told(callee, 200);
  await Promise.all([call.hears(880), callee.byed()]);
  await call.hangsUp();
});

story('Refer-Sub: false is honoured: 202 says so and no NOTIFY is sent', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
  const answer = await refers(callee, [['Refer-Sub', 'false']]);
  assert.equal(answer.status, 202);
  assert.equal(answer.get('refer-sub'), 'false');
  await call.hears(880);
  await callee.byed();
  assert.equal(callee.received.entries.filter(({ method }) => method === 'NOTIFY').length, 0);
  await call.hangsUp();
});

story('the hook refuses: its status goes to the referrer, the two go on talking', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', odd({ status: 403 }));
  assert.equal((await refers(callee)).status, 403);
  w.app.on('/refer', odd({ hangUp: true }));
  assert.equal((await refers(callee)).status, 501);
  await Promise.all([call.hears(620), callee.hears(440)]);
  await call.hangsUp();
  await callee.byed();
});

story('verbs that are not valid: the referrer is told 500, an alert says why, the two go on talking', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', () => [{ verb: 'dail' }]);
  assert.equal((await refers(callee)).status, 202);
  await told(callee, 500);
  await w.eventually('an alert', async () => (await w.alerts('invalid-app-payload')).length > 0);
  await call.hangsUp();
  await callee.byed();
});

story('a REFER without a readable Refer-To gets 400 and asks nobody', async (w) => {
  const { call, callee } = await talking(w);
  assert.equal((await callee.request('REFER')).status, 400);
  for (const bad of ['nonsense', '<http://example.test>', '<sip:x@127.0.0.1?Replaces=abc>'])
    assert.equal((await callee.request('REFER', { headers: [['Refer-To', bad]] })).status, 400, bad);
  const twice = [
    ['Refer-To', '<sip:a@127.0.0.1>'],
    ['Refer-To', '<sip:b@127.0.0.1>'],
  ] as const;
  assert.equal((await callee.request('REFER', { headers: twice })).status, 400);
  assert.equal(w.app.all('/refer').length, 0);
  await call.hangsUp();
});

story('without a referHook a REFER is declined', async (w) => {
  const { call, callee } = await talking(w, { referHook: undefined });
  assert.equal((await refers(callee)).status, 603);
  assert.equal((await refers(call)).status, 603);
  await call.hangsUp();
});

story('a second REFER while the first is under way gets 491', async (w) => {
  const { call, callee } = await talking(w);
  const thought = new Gate();
  w.app.on('/refer', () => thought.opened.then(() => odd({ status: 403 })));
  const both = [refers(callee), refers(callee)];
  assert.equal((await Promise.race(both)).status, 491);
  thought.open();
  assert.deepEqual(new Set((await Promise.all(both)).map(({ status }) => status)), new Set([403, 491]));
  await call.hangsUp();
});

story('the referrer hangs up while the hook thinks: nothing is moved', async (w) => {
  const { call, callee } = await talking(w);
  const thought = new Gate();
  w.app.on('/refer', () => thought.opened.then(() => dial([toSip(w.phone('hall'))])));
  const answer = refers(callee).catch(() => undefined);
  await w.next('/refer');
  await callee.hangsUp();
  thought.open();
  await answer;
  await call.byed();
  await w.eventually('the hook has spoken', () => w.idle());
  assert.equal(w.phone('hall').calls.entries.length, 0);
});

story('the caller refers: the verbs run on the callee, the caller is told and then let go', async (w) => {
  const { call, callee } = await talking(w);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: '/second' }));
  assert.equal((await refers(call)).status, 202);
  const hall = await w.phone('hall').nextCall();
  await told(call, 200);
  await Promise.all([callee.hears(880), hall.hears(620)]);
  const first = await w.next('/action');
  assert.equal(first.body['dial_call_status'], 'completed');
  assert.equal(first.body['dial_terminated_by'], 'caller');
  await call.byed();
  await callee.hangsUp();
  await hall.byed();
  const second = await w.next('/second');
  assert.equal(second.body['dial_terminated_by'], 'caller');
  assert.equal(second.body['parent_call_sid'], first.body['call_sid']);
});

story('the caller refers and the application moves the callee by REST: the caller is told too', async (w) => {
  const { call, callee } = await talking(w);
  assert.equal((await refers(call)).status, 202);
  const { body } = await w.next('/refer');
  w.app.on('/moved', () => dial([toSip(w.phone('hall'))]));
  const child = body['refer_details'].referred_call_sid as string;
  assert.equal((await w.update(child, { child_call_hook: w.app.url('/moved') })).status, 202);
  await told(call, 200);
  await Promise.all([callee.hears(880), call.byed()]);
  await callee.hangsUp();
});

story('what the caller asked for fails: the caller is told with what', async (w) => {
  const { call, callee } = await talking(w);
  w.phone('hall').onInvite = phones.busy();
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: '/second' }));
  assert.equal((await refers(call)).status, 202);
  await told(call, 486);
  await Promise.all([callee.byed(), call.byed()]);
});

/** Every NOTIFY a party got, in the order of its CSeq. */
function notified(party: PhoneCall): string[] {
  const all = party.received.entries.filter(({ method, isRequest }) => method === 'NOTIFY' && isRequest);
  assert.deepEqual(
    all.map(({ cseq }) => cseq),
    all.map(({ cseq }) => cseq).toSorted((a, b) => a - b),
    'none overtook another',
  );
  return all.map(({ body }) => body.toString().slice(8, 11));
}

for (const [title, behaviour, expected] of [
  ['rings, then answers', phones.answersAfter(150, { tone: 880 }), ['100', '180', '200']],
  ['is heard before it answers', phones.earlyMedia(880, 150, { tone: 880 }), ['100', '183', '200']],
  ['rings, then is busy', phones.sends18xThen(486, 150), ['100', '180', '486']],
  ['rings, then fails', phones.sends18xThen(503, 150), ['100', '180', '503']],
] as const)
  story(`the transfer target ${title}: NOTIFY ${expected.join(', ')}`, async (w) => {
    const { call, callee } = await talking(w);
    w.phone('hall').onInvite = behaviour;
    w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
    assert.equal((await refers(callee)).status, 202);
    await told(callee, Number(expected.at(-1)));
    assert.deepEqual(notified(callee), expected);
    await callee.byed();
    if (expected.at(-1) === '200') await call.hangsUp();
    else await call.byed();
  });

story('two targets ring: each kind of news is told once', async (w) => {
  const { call, callee } = await talking(w);
  w.phone('hall').onInvite = phones.answersAfter(200, { tone: 880 });
  w.phone('desk').onInvite = phones.answersAfter(600);
  w.app.on('/refer', () => dial([toSip(w.phone('hall')), toSip(w.phone('desk'), { overrideTo: 'x' })]));
  assert.equal((await refers(callee)).status, 202);
  await told(callee, 200);
  assert.deepEqual(notified(callee), ['100', '180', '200']);
  await call.hangsUp();
});

story('a REFER while the call is held: the party is taken back, and hears the target', async (w) => {
  const { call, callee } = await talking(w);
  assert.equal((await callee.holds()).status, 200);
  await call.gets((message) => message.method === 'INVITE' && message.isRequest);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
  assert.equal((await refers(callee)).status, 202);
  const hall = await w.phone('hall').nextCall();
  await told(callee, 200);
  await Promise.all([call.hears(880), hall.hears(440)]);
  await callee.byed();
  await call.hangsUp();
});

for (const by of ['callee', 'caller'] as const)
  story(`a REFER of the ${by} while the media does not pass here: the other hears the target`, async (w) => {
    const { call, callee } = await talking(w, { exitMediaPath: true });
    const { body } = await w.next('/call');
    await w.eventually('the media has left', async () =>
      JSON.stringify((await w.account('GET', `/Calls/${body['call_sid']}/Trace`)).body).includes('media.left'),
    );
    w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: undefined }));
    const [referrer, other, tone] = by === 'callee' ? ([callee, call, 440] as const) : ([call, callee, 620] as const);
    assert.equal((await refers(referrer)).status, 202);
    const hall = await w.phone('hall').nextCall();
    await told(referrer, 200);
    await Promise.all([other.hears(880), hall.hears(tone)]);
    await referrer.byed();
    await other.hangsUp();
  });

story('a call placed by REST has a referHook of its own: what it answers takes the call over', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.phone('hall').onInvite = phones.answersAfter(50, { tone: 880 });
  const placed = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    app_json: [{ verb: 'pause', length: 600 }],
    referHook: w.app.url('/refer'),
    sipRequestWithinDialogHook: w.app.url('/request'),
    call_status_hook: w.app.url('/status'),
  });
  assert.equal(placed.status, 201, JSON.stringify(placed.body));
  const desk = await w.phone('desk').nextCall();
  await w.status(({ call_status }) => call_status === 'in-progress');
  w.app.on('/request', []);
  assert.equal((await desk.request('INFO', { contentType: 'text/plain', body: 'hello' })).status, 200);
  assert.equal((await w.next('/request')).body['sip_body'], 'hello');
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: undefined }));
  assert.equal((await refers(desk)).status, 202);
  const { body } = await w.next('/refer');
  assert.equal(body['call_sid'], placed.body.sid);
  assert.equal(body['refer_details'].refer_to_user, 'carol');
  await told(desk, 200);
  await desk.hears(880);
  await desk.hangsUp();
});

story('a referHook that is no absolute URL is refused by name when a call is placed', async (w) => {
  const placed = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    app_json: [],
    referHook: '/refer',
  });
  assert.equal(placed.status, 400);
  assert.match(JSON.stringify(placed.body), /referHook/);
});
