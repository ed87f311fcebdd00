// Registered users: every contact rings, none is kept too long. decisions.md, "Ringing"; RFC 3261 §10.
import assert from 'node:assert/strict';
import { dial, elsewhere, type Json, phones, realm, stage, toUser } from '../kit/index.ts';

const story = stage({ phones: ['bob', { name: 'mobile', transport: 'tcp' }, 'laptop'] });
const login = { password: 'secret', realm };

story(
  'all contacts of a user ring as branches of the one target; the answered one wins, the others are told',
  async (w) => {
    for (const device of ['bob', 'mobile', 'laptop']) await w.register(device, 'bob');
    w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
    const call = w.calls();
    const devices = await Promise.all(['bob', 'mobile', 'laptop'].map((name) => w.phone(name).nextCall()));
    for (const device of devices) device.rings();
    await call.rings();
    await devices[1]?.answers();
    devices[1]?.speaks(620);
    await call.hears(620);
    for (const loser of [devices[0], devices[2]])
      assert.match((await loser?.cancelled())?.get('reason') ?? '', elsewhere);
    await devices[1]?.hears(440);
    await call.hangsUp();
    const { body } = await w.next('/action');
    assert.equal(body['dial_results'].length, 1, 'one target, one result');
    assert.equal(body['dial_call_status'], 'completed');
  },
);

story('one device of a user that refuses does not end the others', async (w) => {
  w.phone('bob').onInvite = phones.busy();
  w.phone('laptop').onInvite = phones.answersAfter(100);
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
});

story('a user name without a domain is of the account’s realm: with it, it is the same target', async (w) => {
  w.phone('bob').onInvite = phones.answersAfter(10);
  w.app.answers(dial([{ type: 'user', name: 'bob' }, toUser('bob')], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  assert.equal((await w.next('/action')).body['dial_results'].length, 1);
  assert.equal(w.phone('bob').calls.entries.length, 1);
});

story('RegisteredSipUsers lists who is there, and a device that unregisters is gone', async (w) => {
  const listed = async (): Promise<Json> => (await w.account('GET', '/RegisteredSipUsers')).body;
  assert.match(JSON.stringify(await listed()), new RegExp(`bob@${realm}`));
  for (const device of ['bob', 'mobile', 'laptop']) {
    const answer = await w.phone(device).unregister(w.graine.sip, { username: 'bob', ...login });
    assert.equal(answer.status, 200);
  }
  assert.doesNotMatch(JSON.stringify(await listed()), /bob@/);
});

story('a user who is not registered is failed with 404, at once', async (w) => {
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const refusal = await w.calls().refused();
  assert.equal(refusal.title, '404 Not Found', 'who is registered is no business of the caller');
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_status'], 404);
  assert.match(body['dial_sip_reason'], /'bob@.*' is not registered/);
  assert.equal(body['dial_terminated_by'], 'error', 'no callee had a say');
});

story('Contact * with Expires 0 removes every device', async (w) => {
  await w.register('bob', 'bob');
  await w.register('laptop', 'bob');
  const answer = await w.phone('bob').register(w.graine.sip, { username: 'bob', ...login, contact: '*', expires: 0 });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.all('contact'), []);
});

story('the registrar answers with every contact and the time each has', async (w) => {
  await w.register('bob', 'bob');
  const answer = await w.phone('laptop').register(w.graine.sip, { username: 'bob', ...login });
  const contacts = answer.all('contact');
  assert.equal(contacts.length, 2);
  for (const contact of contacts) assert.match(contact, /;expires=\d+/);
  await w.phone('bob').register(w.graine.sip, { username: 'bob', ...login, contact: '*', expires: 0 });
});

story('a registered user calls: the device application runs, and dials another user', async (w) => {
  await w.register('laptop', 'carol');
  w.phone('laptop').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.phone('bob').invites(`sip:carol@${w.graine.sip.host}:${w.graine.sip.port}`, {
    from: `bob@${realm}`,
    login: { username: 'bob', password: 'secret' },
    tone: 440,
  });
  await call.answered();
  await Promise.all([call.hears(620), (await w.phone('laptop').nextCall()).hears(440)]);
  await call.hangsUp();
});

story('a device that registered over TCP is called over its connection', async (w) => {
  await w.register('mobile', 'dave');
  w.phone('mobile').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const rung = await w.phone('mobile').nextCall();
  assert.match(rung.invite.get('via') ?? '', /SIP\/2\.0\/TCP/);
  await call.hangsUp();
});
