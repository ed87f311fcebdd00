// The caller hangs up, in every state a call can be in. Everyone is told; nothing is left. decisions.md, "Ringing".
import assert from 'node:assert/strict';
import { dial, phones, stage, toPhone, toSip, toUser, odd, type World } from '../kit/index.ts';

const story = stage({
  phones: ['acme', 'desk', 'bob'],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('acme')] }] }),
});

async function finalStatuses(w: World, count: number): Promise<void> {
  const { body } = await w.next('/action');
  assert.notEqual(body['dial_call_status'], 'completed');
  const sids = (body['dial_results'] as { call_sid: string }[]).map((each) => each.call_sid);
  assert.equal(sids.length, count);
  for (const sid of sids) {
    await w.status(
      (status) => status['call_sid'] === sid && status['call_status'] === 'no-answer',
      'no-answer of a child',
    );
    assert.equal(w.statuses(sid).filter((status) => /^(completed|failed|busy|no-answer)/.test(status)).length, 1);
  }
}

story('before the application has answered: 487 at once, and what the application answers is not run', async (w) => {
  w.app.answers(() => odd({ delayMs: 400, body: dial([toSip(w.phone('desk'))]) }));
  const call = w.calls();
  await w.next('/call');
  call.cancels();
  assert.equal((await call.refused()).status, 487);
  await w.status((body) => body['call_status'] === 'no-answer' && body['sip_status'] === 487);
  await w.eventually('the hook is over', async () => (await w.graine.leaks()).hooks === 0);
  assert.equal(w.phone('desk').calls.entries.length, 0, 'nobody was rung');
});

story('while no target has said anything: INVITEs end without CANCEL until a provisional comes', async (w) => {
  w.phone('desk').onInvite = phones.ignores();
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  call.cancels();
  assert.equal((await call.refused()).status, 487);
  assert.equal(target.received.entries.filter((each) => each.method === 'CANCEL').length, 0, 'RFC 3261 §9.1');
  target.rings();
  await target.cancelled();
  await target.acknowledged();
  await finalStatuses(w, 1);
});

story(
  'while three ring: all are cancelled at once, every child is final, the actionHook comes and its answer is ignored',
  async (w) => {
    await w.register('bob');
    w.app.answers(dial([toPhone(), toSip(w.phone('desk')), toUser('bob')], { answerOnBridge: true }));
    w.app.on('/action', dial([toSip(w.phone('desk'))]));
    const call = w.calls();
    const targets = await Promise.all(['acme', 'desk', 'bob'].map((name) => w.phone(name).nextCall()));
    await call.rings();
    await Promise.all(
      targets.map((target) => w.eventually('it rings', async () => target.received.entries.length > 0)),
    );
    call.cancels();
    assert.equal((await call.refused()).status, 487);
    await Promise.all(targets.map((target) => target.cancelled()));
    await Promise.all(targets.map((target) => target.acknowledged()));
    await finalStatuses(w, 3);
    assert.equal(w.phone('desk').calls.entries.length, 1, 'the answer of the actionHook was not run');
  },
);

story('while it hears early media', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(700);
  call.cancels();
  assert.equal((await call.refused()).status, 487);
  await (await w.phone('desk').nextCall()).cancelled();
  await finalStatuses(w, 1);
});

story('after it was answered while the callee still rings: BYE, and the callee is cancelled', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.answered();
  const target = await w.phone('desk').nextCall();
  assert.equal((await call.hangsUp()).status, 200);
  await target.cancelled();
  await finalStatuses(w, 1);
  await w.status((body) => body['direction'] === 'inbound' && body['call_status'] === 'completed');
});

story('while they talk: the callee gets BYE, and the caller is said to have ended it', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  await (await w.phone('desk').nextCall()).byed();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'completed');
  assert.equal(body['dial_terminated_by'], 'caller');
  const end = await w.status((status) => status['direction'] === 'inbound' && status['call_status'] === 'completed');
  assert.equal(end.body['call_termination_by'], 'caller');
});

story('CANCEL and the 200 to the caller cross: the caller ends with BYE, the callee too', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  await target.prepare();
  target.rings();
  await call.rings();
  target.answerNow();
  call.cancels();
  const final = await call.final();
  if (final.status < 300) await call.hangsUp();
  await Promise.race([target.byed(), target.cancelled().then(() => target.byed())]);
  await w.next('/action');
});

story('a lost ACK makes the 200 come again until it is acknowledged', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls({ acks: false });
  await call.answered();
  const repeats = (): number =>
    call.received.entries.filter((each) => each.status === 200 && each.method === 'INVITE').length;
  await call.gets(() => repeats() > 2, { within: 4000 });
  call.acks();
  const count = repeats();
  await call.hangsUp();
  assert.ok(repeats() <= count + 1, 'the ACK stopped the repeats');
  await (await w.phone('desk').nextCall()).byed();
});
