// An INVITE with Replaces: a new call takes the place of one that runs. RFC 3891 §3; attacks C7.
import assert from 'node:assert/strict';
import {
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  realm,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

/** alice speaks 440, desk 620; the newcomer 880. */
const story = stage({
  phones: ['desk', 'spare', 'bob', { name: 'evil', address: '127.0.0.7' }, 'mallory'],
  account: (w) => ({
    carriers: [
      w.origin(),
      {
        name: 'second',
        application: 'main',
        gateways: [w.gateway('spare', { inbound: true, outbound: false })],
      },
    ],
  }),
});

type Talk = { readonly call: OutgoingPhoneCall; readonly desk: IncomingPhoneCall; readonly sid: string };

async function talking(w: World, more: Readonly<Record<string, unknown>> = {}): Promise<Talk> {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], more));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  const { body } = await w.next('/call');
  return { call, desk, sid: body['call_sid'] as string };
}

const tag = (value: string | undefined): string => /;tag=([^;>\s]+)/.exec(value ?? '')?.[1] ?? '';

async function ofCaller(call: OutgoingPhoneCall): Promise<string> {
  const ok = await call.answered();
  return `${call.callId};to-tag=${tag(ok.get('to'))};from-tag=${tag(ok.get('from'))}`;
}

async function ofCallee(call: IncomingPhoneCall): Promise<string> {
  const ack = await call.gets('ACK');
  return `${call.callId};to-tag=${tag(ack.get('from'))};from-tag=${tag(ack.get('to'))}`;
}

function replacing(w: World, replaces: string, by = 'spare'): OutgoingPhoneCall {
  const headers = [
    ['Require', 'replaces'],
    ['Replaces', replaces],
  ] as const;
  return w.calls({ by, tone: 880, from: '+15550000009', headers });
}

const now = (): { since: number } => ({ since: performance.now() });

story(
  'it takes the callee’s place: the caller hears the newcomer, the callee gets BYE, all is told once',
  async (w) => {
    const { call, desk, sid } = await talking(w);
    const newcomer = replacing(w, await ofCallee(desk));
    const ok = await newcomer.answered();
    assert.match(ok.get('supported') ?? '', /replaces/);
    await desk.byed();
    await Promise.all([call.hears(880, now()), newcomer.hears(440, now())]);
    assert.equal((await w.next('/action')).body['dial_terminated_by'], 'callee');
    const { body } = await w.status((each) => each['replaced_call_sid'] !== undefined);
    assert.equal(body['direction'], 'inbound');
    assert.equal(w.app.all('/call').length, 1, 'the application is not asked about the newcomer');
    await call.hangsUp();
    await newcomer.byed();
    await w.status(({ call_sid, call_status }) => call_sid === body['call_sid'] && call_status === 'completed');
    await w.status(({ call_sid, call_status }) => call_sid === sid && call_status === 'completed');
    assert.equal(w.statuses(sid).filter((text) => text.startsWith('completed')).length, 1);
    assert.equal(w.app.all('/action').length, 1);
  },
);

story('it takes the caller’s place: the callee hears the newcomer, the caller gets BYE', async (w) => {
  const { call, desk } = await talking(w);
  const newcomer = replacing(w, await ofCaller(call));
  await newcomer.answered();
  await call.byed();
  await Promise.all([desk.hears(880, now()), newcomer.hears(620, now())]);
  assert.equal((await w.next('/action')).body['dial_terminated_by'], 'caller');
  await newcomer.hangsUp();
  await desk.byed();
});

story('one that took a place may be replaced itself', async (w) => {
  const { call, desk } = await talking(w);
  const first = replacing(w, await ofCallee(desk));
  await first.answered();
  await call.hears(880);
  const second = w.calls({ by: 'spare', tone: 1000, headers: [['Replaces', await ofCaller(first)]] });
  await second.answered();
  await first.byed();
  await Promise.all([call.hears(1000, now()), second.hears(440, now())]);
  await second.hangsUp();
  await call.byed();
});

story('a call that rings is picked up elsewhere: the phone that rang is cancelled, the caller answered', async (w) => {
  w.phone('desk').onInvite = (rang) => rang.rings(180, { tag: 'desk1' });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.rings();
  const desk = await w.phone('desk').nextCall();
  const early = `${desk.callId};to-tag=${tag(desk.invite.get('from'))};from-tag=desk1`;
  const newcomer = replacing(w, `${early};early-only`);
  await newcomer.answered();
  assert.match((await desk.cancelled()).get('reason') ?? '', /Call completed elsewhere/);
  await call.answered();
  await Promise.all([call.hears(880, now()), newcomer.hears(440, now())]);
  await newcomer.hangsUp();
  await call.byed();
});

story('a registered user may pick a call of the account up', async (w) => {
  const { call, desk } = await talking(w);
  const headers = [['Replaces', await ofCallee(desk)]] as const;
  const login = { username: 'bob', password: 'secret' };
  const newcomer = w.calls({ by: 'bob', from: `bob@${realm}`, tone: 880, login, headers });
  await newcomer.answered();
  await desk.byed();
  await call.hears(880, now());
  await call.hangsUp();
  await newcomer.byed();
});

story(
  'no dialog, one that is over, one that was answered though early-only: 481, 603, 486; the two talk on',
  async (w) => {
    const { call, desk } = await talking(w);
    const callee = await ofCallee(desk);
    assert.equal((await replacing(w, `${callee}x`).refused()).status, 481);
    assert.equal(
      (await replacing(w, callee.replace(/to-tag=.*;from-tag=/, 'to-tag=1;from-tag=')).refused()).status,
      481,
    );
    assert.equal((await replacing(w, `${callee};early-only`).refused()).status, 486);
    await Promise.all([call.hears(620, now()), desk.hears(440, now())]);
    await call.hangsUp();
    await desk.byed();
    assert.equal((await replacing(w, callee).refused()).status, 603);
  },
);

story('what is not readable, or there twice, is 400', async (w) => {
  const { call, desk } = await talking(w);
  const callee = await ofCallee(desk);
  for (const bad of [
    '',
    'x',
    'a@b;to-tag=1',
    'a@b;to-tag=1;to-tag=2;from-tag=3',
    `a;to-tag=${'x'.repeat(2000)};from-tag=1`,
  ])
    assert.equal((await replacing(w, bad).refused()).status, 400, bad);
  const twice = [
    ['Replaces', callee],
    ['Replaces', callee],
  ] as const;
  assert.equal((await w.calls({ by: 'spare', headers: twice }).refused()).status, 400);
  await call.hangsUp();
});

story('a newcomer without a codec in common gets 488, and the two talk on', async (w) => {
  const { call, desk } = await talking(w);
  const headers = [['Replaces', await ofCallee(desk)]] as const;
  const newcomer = w.calls({ by: 'spare', payloads: [18], headers });
  assert.equal((await newcomer.refused()).status, 488);
  await Promise.all([call.hears(620, now()), desk.hears(440, now())]);
  await call.hangsUp();
});

story('a call that talks with an application only has no place to take: 603', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 600 }]);
  const call = w.calls();
  assert.equal((await replacing(w, await ofCaller(call)).refused()).status, 603);
  await call.hangsUp();
});

story('a stranger who knows a dialog gets 403, another account 481, and the two talk on', async (w) => {
  const other = await w.rest('POST', '/v1/Accounts', { name: 'other', sip_realm: 'other.example.test' });
  const sid = other.body.sid as string;
  const client = await w.rest('POST', '/v1/Clients', { account_sid: sid, username: 'mallory', password: 'secret' });
  assert.equal(client.status, 201, JSON.stringify(client.body));
  const { call, desk } = await talking(w);
  const callee = await ofCallee(desk);
  assert.equal((await replacing(w, callee, 'evil').refused()).status, 403);
  const headers = [['Replaces', callee]] as const;
  const login = { username: 'mallory', password: 'secret' };
  const theirs = w.calls({ by: 'mallory', from: 'mallory@other.example.test', login, headers });
  assert.equal((await theirs.refused()).status, 481);
  await Promise.all([call.hears(620, now()), desk.hears(440, now())]);
  await call.hangsUp();
  await desk.byed();
  await w.rest('DELETE', `/v1/Clients/${String(client.body.sid)}`);
  assert.equal((await w.rest('DELETE', `/v1/Accounts/${sid}`)).status, 204);
});
