// Attended transfer: a REFER whose Refer-To has Replaces. RFC 3891, RFC 5589 §7, decisions.md "REFER, hold, transfer".
import assert from 'node:assert/strict';
import {
  dial,
  Gate,
  type IncomingPhoneCall,
  type Message,
  type OutgoingPhoneCall,
  type PhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

/** alice 440 and dora 540 call in; desk speaks 620, hall 880. The desk transfers. */
const story = stage({
  phones: ['desk', 'hall', 'dora'],
  account: (w) => ({
    carriers: [
      w.origin(),
      ...['desk', 'dora'].map((name) => ({
        name,
        application: 'main',
        gateways: [w.gateway(name, { inbound: true, outbound: false })],
      })),
    ],
  }),
});

type Call = { readonly caller: OutgoingPhoneCall; readonly callee: IncomingPhoneCall; readonly sid: string };

const tones: Readonly<Record<string, number>> = { alice: 440, dora: 540, desk: 620, hall: 880 };

/** One call through the server that both ends hear. */
async function call(w: World, from: string, to: string, more: object = {}): Promise<Call> {
  const tone = tones[to] ?? 0;
  w.phone(to).onInvite = phones.answersAfter(20, { tone });
  w.app.answers(dial([toSip(w.phone(to))], { referHook: '/refer', actionHook: `/${from}-${to}`, ...more }));
  const rang = w.phone(to).calls.entries.length;
  const asked = w.app.all('/call').length;
  const caller = w.calls({ by: from, tone: tones[from] ?? 0, from: `+1555${from.length}00${to.length}` });
  await caller.answered();
  const callee = await w.phone(to).calls.until(() => true, { what: `a call at ${to}`, since: rang });
  await Promise.all([caller.hears(tone), callee.hears(tones[from] ?? 0)]);
  const [request] = w.app.all('/call').slice(asked);
  return { caller, callee, sid: request?.body['call_sid'] as string };
}

const tag = (value: string | undefined): string => /;tag=([^;>\s]+)/.exec(value ?? '')?.[1] ?? '';

/** The dialog of a phone's call as the server is told of it. */
async function replacesOf(party: PhoneCall): Promise<string> {
  const answered = party.received.entries.find((each) => each.status === 200 && each.method === 'INVITE');
  if (answered !== undefined && !('invite' in party))
    return `${party.callId};to-tag=${tag(answered.get('to'))};from-tag=${tag(answered.get('from'))}`;
  const ack = await party.gets('ACK');
  return `${party.callId};to-tag=${tag(ack.get('from'))};from-tag=${tag(ack.get('to'))}`;
}

async function refers(party: PhoneCall, replaced: PhoneCall, more = ''): Promise<Message> {
  const replaces = encodeURIComponent(`${await replacesOf(replaced)}${more}`);
  return party.request('REFER', { headers: [['Refer-To', `<sip:hall@127.0.0.1:9?Replaces=${replaces}>`]] });
}

async function told(party: PhoneCall, final: number): Promise<string[]> {
  const last = await party.gets(
    (message) => message.method === 'NOTIFY' && message.body.toString().startsWith(`SIP/2.0 ${final} `),
  );
  assert.match(last.get('subscription-state') ?? '', /^terminated/);
  return party.received.entries
    .filter(({ method, isRequest }) => method === 'NOTIFY' && isRequest)
    .map((each) => each.body.toString().slice(8, 11));
}

const now = (): { since: number } => ({ since: performance.now() });

story('the callee of one call and caller of another joins the two others, and is let go', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.callee, two.caller)).status, 202);
  const { body } = await w.next('/refer');
  assert.equal(body['refer_details'].replaced_call_sid, two.sid);
  assert.deepEqual(await told(one.callee, 200), ['100', '200']);
  await two.caller.byed();
  await Promise.all([one.caller.hears(880, now()), two.callee.hears(440, now())]);
  await one.callee.byed();
  const first = await w.next('/alice-desk');
  assert.equal(first.body['dial_call_status'], 'completed');
  assert.equal(first.body['dial_terminated_by'], 'callee');
  const second = await w.next('/desk-hall');
  assert.equal(second.body['dial_call_status'], 'completed');
  assert.equal(second.body['dial_terminated_by'], 'caller');
  await two.callee.hangsUp();
  await one.caller.byed();
  assert.equal(w.app.all('/alice-desk').length, 1);
  assert.equal(w.app.all('/desk-hall').length, 1);
  await w.status(({ call_sid, call_status }) => call_sid === one.sid && call_status === 'completed');
  for (const { body: each } of w.app.all('/status').filter(({ body: b }) => b['call_status'] === 'completed'))
    assert.equal(w.statuses(each['call_sid'] as string).filter((text) => text.startsWith('completed')).length, 1);
});

story('the callee of both calls joins their callers', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'dora', 'desk');
  assert.equal((await refers(one.callee, two.callee)).status, 202);
  await told(one.callee, 200);
  await Promise.all([two.callee.byed(), one.callee.byed()]);
  await Promise.all([one.caller.hears(540, now()), two.caller.hears(440, now())]);
  await one.caller.hangsUp();
  await two.caller.byed();
});

story('the caller of both calls joins their callees', async (w) => {
  const one = await call(w, 'desk', 'alice');
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.caller, two.caller)).status, 202);
  await told(one.caller, 200);
  await two.caller.byed();
  await Promise.all([one.callee.hears(880, now()), two.callee.hears(440, now())]);
  await one.caller.byed();
  await two.callee.hangsUp();
  await one.callee.byed();
  assert.equal((await w.next('/desk-alice')).body['dial_terminated_by'], 'caller');
});

story('the caller of one call and callee of another joins the two others', async (w) => {
  const one = await call(w, 'desk', 'alice');
  const two = await call(w, 'dora', 'desk');
  assert.equal((await refers(one.caller, two.callee)).status, 202);
  await told(one.caller, 200);
  await Promise.all([one.callee.hears(540, now()), two.caller.hears(440, now())]);
  await Promise.all([two.callee.byed(), one.caller.byed()]);
  await one.callee.hangsUp();
  await two.caller.byed();
});

story('what a consultation put on hold is taken back when the two are joined', async (w) => {
  const one = await call(w, 'alice', 'desk');
  assert.equal((await one.callee.holds()).status, 200);
  await one.caller.gets((message) => message.method === 'INVITE' && message.isRequest);
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.callee, two.caller)).status, 202);
  await told(one.callee, 200);
  await two.callee.hears(440, now());
  await one.caller.hears(880, now());
  await two.callee.hangsUp();
  await one.caller.byed();
});

story(
  'far ends whose media does not pass the server hear each other through it, and then directly again',
  async (w) => {
    const one = await call(w, 'alice', 'desk', { exitMediaPath: true });
    const two = await call(w, 'desk', 'hall', { exitMediaPath: true });
    for (const { sid } of [one, two])
      await w.eventually('the media has left', async () =>
        JSON.stringify((await w.account('GET', `/Calls/${sid}/Trace`)).body).includes('media.left'),
      );
    assert.equal((await refers(one.callee, two.caller)).status, 202);
    await told(one.callee, 200);
    await Promise.all([one.caller.hears(880, now()), two.callee.hears(440, now())]);
    const ports = [one.caller.media?.port, two.callee.media?.port];
    await w.eventually('the two talk directly', () =>
      Promise.resolve(one.caller.remoteSdp?.port === ports[1] && two.callee.remoteSdp?.port === ports[0]),
    );
    await Promise.all([one.caller.hears(880, now()), two.callee.hears(440, now())]);
    await w.eventually('it says so', async () => (await w.update(one.sid, { mute_status: 'mute' })).status === 422);
    // While it leaves, whoever asks for it back is told to wait.
    await w.eventually(
      'it may come back',
      async () => (await w.update(one.sid, { media_path: 'full-media' })).status === 202,
    );
    await w.eventually('it is back', async () => (await w.update(one.sid, { mute_status: 'mute' })).status === 202);
    await one.caller.hangsUp();
    await two.callee.byed();
  },
);

story(
  'the application may let the hook dial the transfer target: the two calls are joined, nobody rings twice',
  async (w) => {
    const one = await call(w, 'alice', 'desk');
    const two = await call(w, 'desk', 'hall');
    w.app.on('/refer', dial([{ type: 'sip', sipUri: 'sip:hall@127.0.0.1:9' }]));
    assert.equal((await refers(one.callee, two.caller)).status, 202);
    await told(one.callee, 200);
    await Promise.all([one.caller.hears(880, now()), two.callee.hears(440, now())]);
    assert.equal(w.phone('hall').calls.entries.length, 1);
    await one.caller.hangsUp();
    await two.callee.byed();
  },
);

story('other verbs of the hook run on the referred party, and the other call goes on', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'desk', 'hall');
  w.app.on('/refer', [{ verb: 'hangup', headers: { 'X-Why': 'not now' } }]);
  assert.equal((await refers(one.callee, two.caller)).status, 202);
  assert.equal((await one.caller.byed()).get('x-why'), 'not now');
  await Promise.all([two.caller.hears(880, now()), two.callee.hears(620, now())]);
  await two.caller.hangsUp();
  await two.callee.byed();
  await one.callee.byed();
});

story('without a referHook it is declined, and both calls go on', async (w) => {
  const one = await call(w, 'alice', 'desk', { referHook: undefined });
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.callee, two.caller)).status, 603);
  await Promise.all([one.caller.hears(620, now()), two.callee.hears(620, now())]);
  await Promise.all([one.caller.hangsUp(), two.caller.hangsUp()]);
  await Promise.all([one.callee.byed(), two.callee.byed()]);
});

story('the replaced call ends while the hook thinks: the referrer is told 481, the referred party stays', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'desk', 'hall');
  const gate = new Gate();
  w.app.on('/refer', () => gate.opened.then(() => undefined));
  const answer = refers(one.callee, two.caller);
  await w.next('/refer');
  await two.callee.hangsUp();
  await two.caller.byed();
  gate.open();
  assert.equal((await answer).status, 202);
  await told(one.callee, 481);
  await Promise.all([one.caller.hears(620, now()), one.callee.hears(440, now())]);
  await one.caller.hangsUp();
  await one.callee.byed();
});

for (const [title, more, status] of [
  ['early-only of an answered call', ';early-only', 486],
  ['the very call it is sent in', 'self', 603],
] as const)
  story(`Replaces with ${title}: the referrer is told ${status}, all go on`, async (w) => {
    const one = await call(w, 'alice', 'desk');
    const two = await call(w, 'desk', 'hall');
    const self = more === 'self';
    assert.equal((await refers(one.callee, self ? one.callee : two.caller, self ? '' : more)).status, 202);
    await told(one.callee, status);
    await Promise.all([one.caller.hears(620, now()), two.callee.hears(620, now())]);
    await Promise.all([one.caller.hangsUp(), two.caller.hangsUp()]);
    await Promise.all([one.callee.byed(), two.callee.byed()]);
  });

story(
  'a dialog that is not ours: the dial of the hook sends Replaces where the Refer-To says, and nowhere else',
  async (w) => {
    const one = await call(w, 'alice', 'desk');
    w.phone('hall').onInvite = phones.answersAfter(20, { tone: 880 });
    w.app.on('/refer', dial([toSip(w.phone('hall')), toSip(w.phone('dora'))], { actionHook: '/second' }));
    const replaces = 'far@pbx.test;to-tag=aa;from-tag=bb';
    const uri = `${w.phone('hall').uri}?Replaces=${encodeURIComponent(replaces)}`;
    assert.equal((await one.callee.request('REFER', { headers: [['Refer-To', `<${uri}>`]] })).status, 202);
    const hall = await w.phone('hall').nextCall();
    assert.equal(hall.invite.get('replaces'), replaces);
    assert.equal(hall.invite.get('require'), 'replaces');
    const dora = await w.phone('dora').nextCall();
    assert.equal(dora.invite.get('replaces'), undefined);
    await told(one.callee, 200);
    await one.caller.hears(880, now());
    await one.caller.hangsUp();
    await hall.byed();
  },
);

story('a joined party may be sent on by REST, the other one is hung up', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.callee, two.caller)).status, 202);
  await told(one.callee, 200);
  w.app.on('/moved', [{ verb: 'hangup', headers: { 'X-By': 'moved' } }]);
  assert.equal((await w.update(one.sid, { child_call_hook: w.app.url('/moved') })).status, 422);
  assert.equal((await w.update(one.sid, { call_hook: w.app.url('/moved') })).status, 202);
  assert.equal((await one.caller.byed()).get('x-by'), 'moved');
  await two.callee.byed();
});

story('a joined party may transfer the other on, and is told what came of it', async (w) => {
  const one = await call(w, 'alice', 'desk');
  const two = await call(w, 'desk', 'hall');
  assert.equal((await refers(one.callee, two.caller)).status, 202);
  await told(one.callee, 200);
  await one.callee.byed();
  w.phone('dora').onInvite = phones.answersAfter(20, { tone: 540 });
  w.app.on('/refer', dial([toSip(w.phone('dora'))], { actionHook: '/onward' }));
  const refer = await two.callee.request('REFER', { headers: [['Refer-To', '<sip:dora@127.0.0.1:9>']] });
  assert.equal(refer.status, 202);
  const dora = await w.phone('dora').nextCall();
  assert.deepEqual(await told(two.callee, 200), ['100', '180', '200']);
  await Promise.all([one.caller.hears(540, now()), dora.hears(440, now())]);
  await two.callee.byed();
  await one.caller.hangsUp();
  await dora.byed();
  assert.equal((await w.next('/onward')).body['call_sid'], one.sid);
});
