// onHoldHook: who is held hears what the application says. decisions.md "REFER, hold, transfer".
import assert from 'node:assert/strict';
import {
  dial,
  type IncomingPhoneCall,
  odd,
  type OutgoingPhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
const music = [{ verb: 'play', url: 'tone_stream://%(2000,0,880)' }];

async function talking(w: World): Promise<{ call: OutgoingPhoneCall; desk: IncomingPhoneCall }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { onHoldHook: '/hold' }));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), desk.hears(440)]);
  return { call, desk };
}

story(
  'the callee holds: the caller hears the music, is not re-INVITEd, and talks again after the resume',
  async (w) => {
    const { call, desk } = await talking(w);
    w.app.on('/hold', music);
    assert.equal((await desk.holds()).status, 200);
    await call.hears(880);
    const { body } = await w.next('/hold');
    assert.match(body['hold_detail'].from, /desk|sip:/);
    assert.equal(body['parent_call_sid'], undefined);
    assert.equal((await desk.resumes()).status, 200);
    await Promise.all([call.hears(620), desk.hears(440)]);
    assert.equal(call.received.entries.filter((each) => each.isRequest && each.method === 'INVITE').length, 0);
    await call.hangsUp();
    await desk.byed();
  },
);

story('the caller holds: the callee hears the music; it hangs up meanwhile', async (w) => {
  const { call, desk } = await talking(w);
  w.app.on('/hold', music);
  assert.equal((await call.holds()).status, 200);
  await desk.hears(880);
  await desk.hangsUp();
  await call.byed();
});

story('the music has an end: the hook is asked again', async (w) => {
  const { call, desk } = await talking(w);
  w.app.on('/hold', [{ verb: 'play', url: 'tone_stream://%(200,0,880)' }]);
  assert.equal((await desk.holds()).status, 200);
  for (let round = 0; round < 3; round++) await w.next('/hold');
  await desk.resumes();
  await Promise.all([call.hears(620), desk.hears(440)]);
  await call.hangsUp();
});

story('a hook that fails leaves silence; what may not be heard on hold raises an alert', async (w) => {
  const { call, desk } = await talking(w);
  w.app.on('/hold', odd({ status: 500 }));
  await desk.holds();
  await w.next('/hold');
  await desk.resumes();
  await call.hears(620);
  w.app.on('/hold', [{ verb: 'hangup' }]);
  await desk.holds();
  await w.eventually('the alert', async () =>
    (await w.alerts('invalid-app-payload')).some((each) => /on hold/.test(String(each['message']))),
  );
  await desk.resumes();
  await Promise.all([call.hears(620), desk.hears(440)]);
  await call.hangsUp();
});
