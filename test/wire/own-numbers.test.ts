// Where account or carrier demands it, callees see one of the account's own numbers or none. attacks.md C5.
import assert from 'node:assert/strict';
import { dial, type Header, type Message, phones, realm, stage, toPhone, type World } from '../kit/index.ts';

const mine = '+15551230001';
const spoofed = '+15553334444';
const story = stage({
  // Bob has an address of his own: at that of a gateway he would be the carrier's caller.
  phones: ['strict', 'free', { name: 'bob', address: '127.0.0.44' }],
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'strict', e164_leading_plus: true, own_numbers_only: true, gateways: [w.gateway('strict')] },
      { name: 'free', e164_leading_plus: true, priority: 2, gateways: [w.gateway('free')] },
    ],
    phone_numbers: [{ number: mine, application: 'main' }],
  }),
});

const strict = toPhone({ trunk: 'strict' });

/** The INVITE that reached this carrier. */
async function reached(w: World, name: string): Promise<Message> {
  return (await w.phone(name).nextCall()).invite;
}

async function refused(w: World, app: readonly object[]): Promise<void> {
  w.app.answers(app);
  await w.calls().refused();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_status'], 403);
  assert.equal(w.phone('strict').calls.entries.length, 0, 'nothing was sent');
  const alerts = await w.eventually('the alert', async () => {
    const found = await w.alerts('dial-refused');
    return found.length > 0 && found;
  });
  assert.match(JSON.stringify(alerts), /callerId/);
}

story('a callerId of the account goes out', async (w) => {
  w.phone('strict').onInvite = phones.busy();
  w.app.answers(dial([strict], { answerOnBridge: true, callerId: mine }));
  await w.calls().refused();
  assert.match((await reached(w, 'strict')).get('from') ?? '', /sip:\+15551230001@/);
});

story('a callerId of somebody else is refused, with an alert', (w) =>
  refused(w, dial([strict], { answerOnBridge: true, callerId: spoofed })),
);

story('a target’s from.user cannot go round it', (w) =>
  refused(w, dial([{ ...strict, from: { user: spoofed } }], { answerOnBridge: true, callerId: mine })),
);

story('what a carrier told us of its caller goes on: a forwarded call', async (w) => {
  w.phone('strict').onInvite = phones.busy();
  w.app.answers(dial([strict], { answerOnBridge: true }));
  await w.calls().refused();
  assert.match((await reached(w, 'strict')).get('from') ?? '', /sip:\+15557650001@/);
});

story('anonymous goes out: it claims no number', async (w) => {
  w.phone('strict').onInvite = phones.busy();
  w.app.answers(dial([strict], { answerOnBridge: true, callerId: 'anonymous' }));
  await w.calls().refused();
  assert.match((await reached(w, 'strict')).get('from') ?? '', /anonymous/);
});

story('identity headers of the application do not go out, others do', async (w) => {
  w.phone('strict').onInvite = phones.busy();
  const headers = {
    'P-Asserted-Identity': `<sip:${spoofed}@x>`,
    'p-preferred-identity': `<sip:${spoofed}@x>`,
    'Remote-Party-ID': `<sip:${spoofed}@x>`,
    Diversion: `<sip:${spoofed}@x>`,
    'X-Fine': 'yes',
  };
  w.app.answers(dial([strict], { answerOnBridge: true, callerId: mine, headers }));
  await w.calls().refused();
  const invite = await reached(w, 'strict');
  assert.equal(invite.get('x-fine'), 'yes');
  assert.doesNotMatch(invite.raw.toString(), /15553334444/);
});

story('a registered user cannot put a stranger’s number into From', async (w) => {
  w.app.answers(dial([strict], { answerOnBridge: true }));
  const headers: Header[] = [['P-Asserted-Identity', `<sip:${spoofed}@x>`]];
  const call = w.phone('bob').invites(`sip:100@${w.graine.sip.host}:${w.graine.sip.port}`, {
    rawFrom: `"Bank" <sip:${spoofed}@${realm}>`,
    login: { username: 'bob', password: 'secret' },
    headers,
  });
  await call.refused();
  assert.equal(w.phone('strict').calls.entries.length, 0);
});

story('a carrier that does not demand it is taken instead', async (w) => {
  w.phone('free').onInvite = phones.busy();
  w.app.answers(dial([toPhone()], { answerOnBridge: true, callerId: spoofed }));
  await w.calls().refused();
  assert.match((await reached(w, 'free')).get('from') ?? '', /sip:\+15553334444@/);
  assert.equal(w.phone('strict').calls.entries.length, 0);
});

story('a call that REST places obeys it as well', async (w) => {
  const answer = await w.account('POST', '/Calls', {
    from: spoofed,
    to: { type: 'phone', number: '+15559990001', trunk: 'strict' },
    call_hook: w.app.url('/call'),
  });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.equal(w.phone('strict').calls.entries.length, 0);
});

story('the account may demand it of every carrier', async (w) => {
  const set = (own: boolean): Promise<unknown> =>
    w.rest('PUT', `/v1/Accounts/${w.accountSid}`, { own_numbers_only: own });
  await set(true);
  w.app.answers(dial([toPhone({ trunk: 'free' })], { answerOnBridge: true, callerId: spoofed }));
  await w.calls().refused();
  assert.equal((await w.next('/action')).body['dial_sip_status'], 403);
  assert.equal(w.phone('free').calls.entries.length, 0);
  await set(false);
});
