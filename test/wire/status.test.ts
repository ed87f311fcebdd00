// Status callbacks: in order, each once, one final a call. decisions.md, "Ringing"; reference.md 3.1.
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall'] });
const final = /^(completed|failed|busy|no-answer)\//;

/** The statuses of the caller and of each child once all is over. */
async function told(w: World): Promise<{ caller: string[]; children: string[][] }> {
  const { body } = await w.next('/action');
  const sids = (body['dial_results'] as { call_sid: string }[]).map((each) => each.call_sid);
  for (const sid of [String(body['call_sid']), ...sids])
    await w.status(
      (status) => status['call_sid'] === sid && final.test(`${status['call_status']}/`),
      `a final of ${sid}`,
    );
  await w.eventually('hooks are delivered', () => w.idle());
  return { caller: w.statuses(String(body['call_sid'])), children: sids.map((sid) => w.statuses(sid)) };
}

story('an answered call: trying, ringing, in-progress, completed, for caller and callee', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(50);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  const { caller, children } = await told(w);
  assert.deepEqual(children, [['trying/100', 'ringing/180', 'in-progress/200', 'completed/200']]);
  assert.equal(caller[0], 'trying/100');
  assert.deepEqual(caller.slice(-2), ['in-progress/200', 'completed/200']);
});

story('early media is told as early-media/183', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700, 100);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  const { children } = await told(w);
  assert.deepEqual(children, [['trying/100', 'early-media/183', 'in-progress/200', 'completed/200']]);
});

story('busy, failed and no-answer are told once each, with the SIP status', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.phone('hall').onInvite = phones.ringsForEver();
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { answerOnBridge: true, timeout: 1 }));
  await w.calls().refused();
  const { children } = await told(w);
  assert.equal(children[0]?.at(-1), 'busy/486');
  assert.equal(children[1]?.at(-1), 'no-answer/487');
  for (const each of children) assert.equal(each.filter((status) => final.test(status)).length, 1);
});

story('a loser is no-answer/487, the winner completed', async (w) => {
  w.phone('desk').onInvite = phones.ringsForEver();
  w.phone('hall').onInvite = phones.answersAfter(50);
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))]));
  const call = w.calls();
  await (await w.phone('desk').nextCall()).cancelled();
  await call.hangsUp();
  const { children } = await told(w);
  assert.equal(children[0]?.at(-1), 'no-answer/487');
  assert.equal(children[1]?.at(-1), 'completed/200');
});

story('repeated provisionals are told once', async (w) => {
  w.phone('desk').onInvite = (call) => {
    call.rings();
    call.rings();
    call.rings();
    call.refuses(486);
  };
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  await w.calls().refused();
  const { children } = await told(w);
  assert.deepEqual(children, [['trying/100', 'ringing/180', 'busy/486']]);
});

story('a child carries its parent’s sid, its own caller id and target', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, tag: { order: 7 } }));
  await w.calls().refused();
  const { body } = await w.status((status) => status['direction'] === 'outbound' && status['call_status'] === 'busy');
  const parent = (await w.next('/action')).body['call_sid'];
  assert.equal(body['parent_call_sid'], parent);
  assert.equal(body['to'], w.phone('desk').uri);
  assert.deepEqual(body['customerData'], { order: 7 });
});

story(
  'a call placed by REST tells its own hook everything from trying on, with its Call-ID; 603 is busy there',
  async (w) => {
    w.phone('desk').onInvite = phones.declines(603, undefined, 20);
    const { body } = await w.account('POST', '/Calls', {
      from: '+15551230001',
      to: toSip(w.phone('desk')),
      call_hook: w.app.url('/call'),
      call_status_hook: w.app.url('/mine'),
    });
    await w.eventually('the final status', () => Promise.resolve(w.app.all('/mine').length === 3));
    const told = w.app.all('/mine').map((each) => each.body);
    assert.deepEqual(
      told.map((each) => `${each['call_status']}/${each['sip_status']}`),
      ['trying/100', 'ringing/180', 'busy/603'],
    );
    assert.deepEqual(new Set(told.map((each) => each['call_id'])), new Set([body.callId]));
    assert.deepEqual(w.app.all('/status'), []);
  },
);

story('a callee that answers and hangs up at once is told in order', async (w) => {
  w.phone('desk').onInvite = phones.answersAtOnce({ hangsUpAfter: 1 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.byed();
  const { children } = await told(w);
  assert.deepEqual(children, [['trying/100', 'in-progress/200', 'completed/200']]);
});

story('a slow status hook delays neither the call nor the order of what it is told', async (w) => {
  w.app.on('/status', () => new Promise((resolve) => setTimeout(() => resolve(undefined), 60)));
  w.phone('desk').onInvite = phones.answersAfter(10);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  const { children } = await told(w);
  assert.deepEqual(children, [['trying/100', 'ringing/180', 'in-progress/200', 'completed/200']]);
});
