// How long: timeLimit from the bridge on, timeout while it rings. reference.md 1.8; decisions.md.
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall'] });

story('timeLimit ends the callee, and the caller goes on with the verbs that follow', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([
    ...dial([toSip(w.phone('desk'))], { timeLimit: 1 }),
    { verb: 'hangup', headers: { 'X-Then': 'after' } },
  ]);
  const call = w.calls();
  await call.hears(620);
  await (await w.phone('desk').nextCall()).byed();
  assert.equal((await call.byed()).get('x-then'), 'after');
  const { body } = await w.next('/action');
  assert.equal(body['dial_terminated_by'], 'timelimit');
  assert.equal(body['dial_call_status'], 'completed');
});

story('timeLimit does not count the ringing', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(1300, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { timeLimit: 1 }));
  const call = w.calls();
  await call.hears(620);
  await call.byed();
  assert.equal((await w.next('/action')).body['dial_terminated_by'], 'timelimit');
});

story('the ring timeout does not touch a call that was answered', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620, hangsUpAfter: 1500 });
  w.app.answers(dial([toSip(w.phone('desk'))], { timeout: 1 }));
  const call = w.calls();
  await call.byed();
  assert.equal((await w.next('/action')).body['dial_terminated_by'], 'callee');
});

story(
  'an answer in the same moment as the timeout: either it is a call or it is not, and everyone agrees',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(1000);
    w.app.answers(dial([toSip(w.phone('desk'))], { timeout: 1, answerOnBridge: true }));
    const call = w.calls();
    const final = await call.final();
    const target = await w.phone('desk').nextCall();
    if (final.status === 200) await call.hangsUp();
    if (target.finalStatus === 200) await target.byed();
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], final.status === 200 ? 'completed' : 'no-answer');
  },
);
