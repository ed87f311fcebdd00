// sip.session_expires_seconds: what Graine proposes, and what it tells a caller that proposes nothing. RFC 4028.
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk'], config: { sip: { session_expires_seconds: 600 } } });

story('the session timer of the configuration goes out with every call', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const rung = await w.phone('desk').nextCall();
  assert.equal(rung.invite.get('session-expires'), '600');
  await call.answered();
  await call.hangsUp();
  await w.next('/action');
});
