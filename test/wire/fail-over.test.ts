// The next gateway, then the next carrier, where the first could not; never where the callee said no. decisions.md, "Carriers".
import assert from 'node:assert/strict';
import { dial, phones, stage, toPhone } from '../kit/index.ts';

const story = stage({
  phones: ['first', 'second', 'third', 'named'],
  account: (w) => ({
    carriers: [
      w.origin(),
      {
        name: 'main-carrier',
        priority: 1,
        tech_prefix: '77',
        e164_leading_plus: false,
        gateways: [w.gateway('first', { priority: 1 }), w.gateway('second', { priority: 2 })],
      },
      { name: 'spare', priority: 2, e164_leading_plus: true, gateways: [w.gateway('third')] },
      { name: 'named', priority: 9, e164_leading_plus: true, gateways: [w.gateway('named')] },
      { name: 'asleep', is_active: false, gateways: [w.gateway('named')] },
    ],
  }),
});

const app = dial([toPhone()], { answerOnBridge: true, timeout: 20 });

for (const status of [408, 430, 500, 503])
  story(`${status} from the first gateway: the second is tried, with nothing lost`, async (w) => {
    w.phone('first').onInvite = phones.declines(status);
    w.phone('second').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(app);
    const call = w.calls();
    await call.answered();
    await call.hears(620);
    assert.equal(w.phone('third').calls.entries.length, 0);
    await call.hangsUp();
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], 'completed');
    assert.equal(body['dial_results'].length, 1, 'one target, one result');
  });

story(
  'when every gateway of a carrier fails, the next carrier by priority is tried, each with its own number format',
  async (w) => {
    w.phone('first').onInvite = phones.declines(503);
    w.phone('second').onInvite = phones.sends18xThen503();
    w.phone('third').onInvite = phones.answersAfter(10);
    w.app.answers(app);
    const call = w.calls();
    await call.answered();
    assert.match((await w.phone('first').nextCall()).invite.uri, /^sip:7715559990001@/);
    assert.match((await w.phone('third').nextCall()).invite.uri, /^sip:\+15559990001@/);
    await call.hangsUp();
  },
);

story('a gateway that says nothing at all is passed over', async (w) => {
  w.phone('first').onInvite = phones.ignores();
  w.phone('second').onInvite = phones.answersAfter(10);
  w.app.answers(app);
  const call = w.calls();
  await call.answered({ within: 12_000 });
  await call.hangsUp();
});

for (const [title, status] of [
  ['busy', 486],
  ['not found', 404],
  ['decline', 603],
] as const)
  story(`${title} is the callee’s answer: no other gateway is tried`, async (w) => {
    w.phone('first').onInvite = phones.declines(status);
    w.app.answers(app);
    assert.equal((await w.calls().refused()).status, status);
    for (const name of ['second', 'third']) assert.equal(w.phone(name).calls.entries.length, 0, name);
    assert.equal((await w.next('/action')).body['dial_sip_status'], status);
  });

story('when all fail the last best response is told', async (w) => {
  for (const name of ['first', 'second', 'third', 'named']) w.phone(name).onInvite = phones.declines(503);
  w.app.answers(app);
  assert.equal((await w.calls().refused()).status, 503);
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_status'], 503);
});

story('trunk names the carrier', async (w) => {
  w.phone('named').onInvite = phones.answersAfter(10);
  w.app.answers(dial([toPhone({ trunk: 'named' })], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  assert.equal(w.phone('first').calls.entries.length, 0);
  await call.hangsUp();
});

for (const trunk of ['nobody', 'asleep'])
  story(`the trunk '${trunk}' cannot carry: failed with 404 and an alert, and nobody else is asked`, async (w) => {
    w.app.answers(dial([toPhone({ trunk })], { answerOnBridge: true }));
    await w.calls().refused();
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], 'failed');
    assert.equal(body['dial_sip_status'], 404);
    await w.eventually('the alert', async () =>
      (await w.alerts('no-carrier')).some((alert) => JSON.stringify(alert).includes(trunk)),
    );
    for (const name of ['first', 'third', 'named']) assert.equal(w.phone(name).calls.entries.length, 0);
  });

story('a gateway that wavers 180, 183, 503 is left for the next', async (w) => {
  w.phone('first').onInvite = phones.wavers();
  w.phone('second').onInvite = phones.answersAfter(10);
  w.app.answers(app);
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
});
