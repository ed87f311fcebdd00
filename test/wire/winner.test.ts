// One winner, whatever comes when; everybody else is told so. decisions.md, "Ringing".
import assert from 'node:assert/strict';
import { dial, elsewhere, levelOf, phones, stage, toPhone, toneVoice, toSip, toUser } from '../kit/index.ts';

const story = stage({
  phones: ['acme', 'desk', 'hall', 'bob'],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('acme')] }] }),
});

story(
  'of a phone, a sip and a user target the first to answer wins, and the others get CANCEL with the reason',
  async (w) => {
    await w.register('bob');
    w.phone('acme').onInvite = phones.answersAfter(150, { tone: 620 });
    w.app.answers(dial([toPhone(), toSip(w.phone('desk')), toUser('bob')]));
    const call = w.calls();
    await call.answered();
    const winner = await w.phone('acme').nextCall();
    await winner.acknowledged();
    for (const name of ['desk', 'bob']) {
      const loser = await w.phone(name).nextCall();
      assert.match((await loser.cancelled()).get('reason') ?? '', elsewhere, `${name}'s CANCEL`);
      await loser.acknowledged();
      assert.equal(loser.finalStatus, 487);
    }
    await Promise.all([call.hears(620), winner.hears(440)]);
    await call.hangsUp();
    await winner.byed();
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], 'completed');
    assert.equal(body['dial_sip_status'], 200);
  },
);

story('of two 200s in one tick one is bridged, the other is acknowledged and gets BYE', async (w) => {
  const [desk, hall] = [w.phone('desk'), w.phone('hall')];
  w.app.answers(dial([toSip(desk), toSip(hall)]));
  const call = w.calls();
  const [a, b] = await Promise.all([desk.nextCall(), hall.nextCall()]);
  await Promise.all([a.prepare(), b.prepare()]);
  a.rings();
  b.rings();
  a.answerNow();
  b.answerNow();
  const loser = await Promise.race([a.byed().then(() => a), b.byed().then(() => b)]);
  const winner = loser === a ? b : a;
  await loser.acknowledged();
  await winner.acknowledged();
  winner.speaks(620);
  await Promise.all([call.hears(620), winner.hears(440)]);
  assert.equal(loser.media?.ears.firstAudioAt, undefined, 'the loser heard nothing of the caller');
  assert.equal(winner.received.entries.filter((message) => message.method === 'BYE').length, 0);
  await winner.hangsUp();
  await call.byed();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'completed');
  assert.equal(body['dial_terminated_by'], 'callee');
  assert.equal(w.app.all('/action').length, 1);
});

story('a 200 that crosses our CANCEL is acknowledged and gets BYE, and its child still ends once', async (w) => {
  w.phone('desk').onInvite = phones.answersThenCancelCrosses();
  w.phone('hall').onInvite = phones.answersAfter(100, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))]));
  const call = w.calls();
  await call.hears(620);
  const crossed = await w.phone('desk').nextCall();
  await crossed.cancelled();
  await crossed.acknowledged();
  await crossed.byed();
  assert.equal(crossed.media?.ears.firstAudioAt, undefined, 'nothing of the caller leaked');
  await call.hangsUp();
  const { body } = await w.next('/action');
  const sids = (body['dial_results'] as { target: unknown; call_sid: string }[]).map((each) => each.call_sid);
  assert.equal(sids.length, 2);
  await w.eventually('all is told', () => w.idle());
  for (const sid of sids) {
    const finals = w.statuses(sid).filter((status) => /^(completed|failed|busy|no-answer)/.test(status));
    assert.equal(finals.length, 1, `final statuses of ${sid}: ${finals.join(' ')}`);
  }
});

story('two forks of one target that both answer: one is kept, the other is acknowledged and gets BYE', async (w) => {
  w.phone('desk').onInvite = phones.sends200Twice(['fork-one', 'fork-two']);
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.answered();
  const forked = await w.phone('desk').nextCall();
  const bye = await forked.byed();
  assert.match(bye.get('to') ?? '', /tag=fork-two/);
  const acks = new Set(
    forked.received.entries
      .filter((message) => message.method === 'ACK')
      .map((ack) => /tag=([^;]+)/.exec(ack.get('to') ?? '')?.[1]),
  );
  assert.deepEqual(acks, new Set(['fork-one', 'fork-two']));
  await call.hangsUp();
});

story('the same destination named twice rings once', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.refused();
  const { body } = await w.next('/action');
  assert.equal((body['dial_results'] as unknown[]).length, 1);
  assert.equal(w.phone('desk').calls.entries.length, 1);
});

story('the callee hangs up: the caller goes on with the verbs that follow', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { hangsUpAfter: 200 });
  w.app.answers([...dial([toSip(w.phone('desk'))]), { verb: 'hangup', headers: { 'X-Then': 'the next verb' } }]);
  const call = w.calls();
  const bye = await call.byed();
  assert.equal(bye.get('x-then'), 'the next verb');
  assert.equal((await w.next('/action')).body['dial_terminated_by'], 'callee');
});

story('what the actionHook answers replaces the verbs that follow', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { hangsUpAfter: 100 });
  w.app.answers([...dial([toSip(w.phone('desk'))]), { verb: 'hangup', headers: { 'X-Then': 'old' } }]);
  w.app.on('/action', [{ verb: 'hangup', headers: { 'X-Then': 'new' } }]);
  const call = w.calls();
  assert.equal((await call.byed()).get('x-then'), 'new');
});

story('every repeat of the callee’s 200 is acknowledged again', async (w) => {
  w.phone('desk').onInvite = phones.losesAck(2, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  await target.acknowledged();
  await call.hears(620);
  await call.hangsUp();
});

story('the callee’s first word is not clipped: most of a short word that starts with the 200 arrives', async (w) => {
  const desk = w.phone('desk');
  w.app.answers(dial([toSip(desk)], { answerOnBridge: true }));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  const media = await target.openMedia();
  target.rings();
  await call.rings();
  const voice = toneVoice(620);
  media.speaks(Int16Array.from({ length: 4000 }, (_, n) => voice(n)));
  target.answerNow();
  await call.hears(620);
  await call.media?.ears.packets.until(
    (packet) => levelOf(packet.samples, 620) < -40 && packet.at > (call.media?.ears.firstAudioAt ?? Infinity),
    {
      what: 'the end of the word',
      story: () => w.story(),
    },
  );
  const frames = call.media?.ears.packets.entries.filter((packet) => levelOf(packet.samples, 620) > -20).length ?? 0;
  await call.hangsUp();
  assert.ok(frames >= 15, `${frames} of the 25 frames of the word arrived`);
});
