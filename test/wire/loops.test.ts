// A call that comes back to where it was: refused at its second coming, no second application runs. attacks.md A6, C8.
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });

story('a dial to our own SIP address gets 482, whatever the user part', async (w) => {
  const own = `sip:loop@${w.graine.sip.host}:${w.graine.sip.port}`;
  w.app.answers(dial([{ type: 'sip', sipUri: own }], { answerOnBridge: true }));
  await w.calls().refused();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_status'], 482);
  assert.equal(w.app.all('/call').length, 1, 'the call that came back asked no application');
});

story('each of two servers takes one hop from Max-Forwards, so they cannot dial each other for ever', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  await w.calls().refused();
  const { invite } = await w.phone('desk').nextCall();
  assert.equal(invite.get('max-forwards'), '69');
});
