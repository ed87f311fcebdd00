// confirmHook: callees are screened before they are connected. decisions.md, "confirmHook".
import assert from 'node:assert/strict';
import { dial, elsewhere, type HookRequest, odd, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall', 'shed'] });
const beep = { verb: 'play', url: 'tone_stream://%(400,0,800)' };
/** Long enough for a busy machine to look at what is so while it lasts. */
const longBeep = { verb: 'play', url: 'tone_stream://%(1500,0,800)' };
const ever = { verb: 'pause', length: 600 };

/** The confirm applications of callees, by the name of their phone. */
function screens(w: World, apps: Record<string, unknown[]>): void {
  w.app.on('/confirm', ({ body }: HookRequest) => {
    const name = Object.keys(apps).find((each) => String(body['to']).includes(`:${each}@`));
    return name === undefined ? undefined : apps[name];
  });
}

async function result(w: World): Promise<HookRequest['body']> {
  const { body } = await w.next('/action');
  return body;
}

story('the callee hears its application, the caller ringback; then they are connected', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  screens(w, { desk: [longBeep] });
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/confirm', answerOnBridge: false }));
  const since = performance.now();
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  const [screened, rang] = await Promise.all([callee.hears(800, { since }), call.hears(440, { since })]);
  await Promise.all([call.hears(620), callee.hears(440)]);
  assert.ok(
    (call.media?.ears.heard(620, { since, until: rang }) ?? 0) < -40,
    'it hears the callee while that is screened',
  );
  // By packets: the tone is 75 of them, however late they come.
  const { ears } = callee.media ?? assert.fail('no media');
  const until = ears.packets.entries.filter(({ at }) => at >= screened)[15]?.at ?? 0;
  assert.ok(ears.heard(440, { since: screened, until }) < -40, 'the callee hears the caller');
  await call.hangsUp();
  const asked = await w.next('/confirm');
  const parent = (await w.next('/call')).body['call_sid'];
  assert.equal(asked.body['parent_call_sid'], parent);
  assert.equal(asked.body['direction'], 'outbound');
  assert.equal(asked.body['call_status'], 'in-progress');
  const body = await result(w);
  assert.equal(body['dial_call_status'], 'completed');
  assert.equal(body['dial_call_sid'], asked.body['call_sid']);
  assert.equal(body['dial_confirm_result'], undefined);
});

story('with answerOnBridge the caller is answered only when the callee has accepted', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  screens(w, { desk: [longBeep] });
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/confirm', answerOnBridge: true }));
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  await callee.hears(800);
  assert.equal(call.received.entries.filter((each) => each.status === 200).length, 0);
  await call.answered();
  await call.hears(620);
  await call.hangsUp();
  await result(w);
});

story('an empty answer accepts at once', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/confirm' }));
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  assert.equal((await result(w))['dial_call_status'], 'completed');
});

story('a target’s own confirmHook goes before the dial’s', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'), { confirmHook: '/own' })], { confirmHook: '/confirm' }));
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  await w.next('/own');
  assert.equal(w.app.all('/confirm').length, 0);
  await result(w);
});

const declines: [how: string, prepare: (w: World) => void, act: (w: World) => Promise<void>, verdict: string][] = [
  [
    'an application that ends in hangup declines',
    (w) => screens(w, { desk: [beep, { verb: 'hangup' }] }),
    async () => {},
    'declined',
  ],
  [
    'a callee that hangs up declines',
    (w) => screens(w, { desk: [ever] }),
    async (w) => {
      await w.next('/confirm');
      const callee = await w.phone('desk').nextCall();
      await callee.acknowledged();
      await callee.hangsUp();
    },
    'declined',
  ],
  [
    'a hangup that a later hook answers declines',
    (w) => {
      screens(w, { desk: [{ verb: 'redirect', actionHook: '/then' }] });
      w.app.on('/then', [{ verb: 'hangup' }]);
    },
    async () => {},
    'declined',
  ],
  ['a hook that fails', (w) => w.app.on('/confirm', odd({ status: 500 })), async () => {}, 'failed'],
  [
    'a later hook that fails',
    (w) => {
      screens(w, { desk: [{ verb: 'redirect', actionHook: '/then' }] });
      w.app.on('/then', odd({ status: 500 }));
    },
    async () => {},
    'failed',
  ],
  [
    'an application that is not valid',
    (w) => screens(w, { desk: [{ verb: 'plai', url: 'x' }] }),
    async () => {},
    'failed',
  ],
  [
    'a dial in the application',
    (w) => screens(w, { desk: [{ verb: 'dial', target: [toSip(w.phone('hall'))] }] }),
    async () => {},
    'failed',
  ],
  [
    'a dial that a later hook answers',
    (w) => {
      screens(w, { desk: [{ verb: 'redirect', actionHook: '/then' }] });
      w.app.on('/then', [{ verb: 'dial', target: [toSip(w.phone('hall'))] }]);
    },
    async () => {},
    'failed',
  ],
  ['an application that never ends', (w) => screens(w, { desk: [ever] }), async () => {}, 'timeout'],
];

for (const [how, prepare, act, verdict] of declines)
  story(`${how}: no-answer, ${verdict}`, async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
    prepare(w);
    w.app.answers(
      dial([toSip(w.phone('desk'))], {
        confirmHook: '/confirm',
        confirmTimeout: verdict === 'timeout' ? 1 : 30,
        answerOnBridge: true,
      }),
    );
    const call = w.calls();
    await act(w);
    const body = await result(w);
    assert.equal(body['dial_call_status'], 'no-answer');
    assert.equal(body['dial_confirm_result'], verdict);
    assert.deepEqual([body['dial_results'][0].status, body['dial_results'][0].confirm_result], ['no-answer', verdict]);
    assert.equal((await call.refused()).status, 480);
    assert.equal(w.phone('hall').calls.entries.length, 0);
  });

story('two are screened at once while a third rings: the first to accept wins, the others are told', async (w) => {
  for (const name of ['desk', 'hall'])
    w.phone(name).onInvite = phones.answersAfter(20, { tone: name === 'hall' ? 620 : 700 });
  w.phone('shed').onInvite = phones.ringsForEver();
  screens(w, { desk: [ever], hall: [{ verb: 'redirect', actionHook: '/go' }] });
  let release: () => void = () => {};
  const open = new Promise<void>((resolve) => (release = resolve));
  w.app.on('/go', async () => {
    await open;
    return [beep];
  });
  w.app.answers(
    dial([toSip(w.phone('desk')), toSip(w.phone('hall')), toSip(w.phone('shed'))], { confirmHook: '/confirm' }),
  );
  const call = w.calls();
  await w.next('/confirm');
  await w.next('/confirm');
  await w.next('/go');
  const [desk, hall, shed] = await Promise.all(['desk', 'hall', 'shed'].map((name) => w.phone(name).nextCall()));
  release();
  await call.hears(620);
  assert.match((await desk?.byed())?.get('reason') ?? '', elsewhere);
  assert.match((await shed?.cancelled())?.get('reason') ?? '', elsewhere);
  await hall?.hears(440);
  await call.hangsUp();
  const body = await result(w);
  assert.equal(body['dial_call_status'], 'completed');
  assert.deepEqual(
    body['dial_results'].map((each: { confirm_result?: string }) => each.confirm_result),
    [undefined, 'accepted', undefined],
  );
});

story('one declines, the other still rings and wins', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20);
  screens(w, { desk: [{ verb: 'hangup' }] });
  w.app.answers(
    dial([toSip(w.phone('desk')), toSip(w.phone('hall'), { confirmHook: '/empty' })], { confirmHook: '/confirm' }),
  );
  const call = w.calls();
  await (await w.phone('desk').nextCall()).byed();
  const hall = await w.phone('hall').nextCall();
  await hall.answers();
  hall.speaks(620);
  await call.hears(620);
  await call.hangsUp();
  assert.equal((await result(w))['dial_call_status'], 'completed');
});

story('a hunt goes on to the next when one declines', async (w) => {
  for (const name of ['desk', 'hall']) w.phone(name).onInvite = phones.answersAfter(20, { tone: 620 });
  screens(w, { desk: [beep, { verb: 'hangup' }], hall: [] });
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { confirmHook: '/confirm', strategy: 'hunt' }));
  const call = w.calls();
  await call.hears(620);
  assert.equal(w.phone('hall').calls.entries.length, 1);
  await call.hangsUp();
  assert.equal((await result(w))['dial_call_status'], 'completed');
});

story('the ring timer cancels who rings; a callee being screened goes on and may still win', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.phone('hall').onInvite = phones.ringsForEver();
  screens(w, { desk: [{ verb: 'redirect', actionHook: '/go' }] });
  let release: () => void = () => {};
  const open = new Promise<void>((resolve) => (release = resolve));
  w.app.on('/go', async () => {
    await open;
    return [];
  });
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { confirmHook: '/confirm', timeout: 1 }));
  const call = w.calls();
  await w.next('/go');
  await (await w.phone('hall').nextCall()).cancelled();
  release();
  await call.hears(620);
  await call.hangsUp();
  const body = await result(w);
  assert.equal(body['dial_call_status'], 'completed');
  assert.equal(body['dial_results'][1].status, 'no-answer');
});

story('after the ring timer a decline is no-answer, 487', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20);
  w.phone('hall').onInvite = phones.ringsForEver();
  screens(w, { desk: [{ verb: 'pause', length: 1.5 }, { verb: 'hangup' }] });
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { confirmHook: '/confirm', timeout: 1 }));
  w.calls();
  const body = await result(w);
  assert.deepEqual(
    [body['dial_call_status'], body['dial_sip_status'], body['dial_confirm_result']],
    ['no-answer', 487, 'declined'],
  );
});

story('a caller who gives up ends the screening: the callee gets BYE', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20);
  screens(w, { desk: [ever] });
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/confirm', answerOnBridge: true }));
  const call = w.calls();
  await w.next('/confirm');
  const callee = await w.phone('desk').nextCall();
  await callee.acknowledged();
  call.cancels();
  await callee.byed();
  const body = await result(w);
  assert.equal(body['dial_call_status'], 'no-answer');
  assert.equal(body['dial_terminated_by'], 'caller');
});

story('dialMusic plays on while the callee is screened', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  screens(w, { desk: [longBeep] });
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/confirm', dialMusic: 'tone_stream://%(5000,0,1000)' }));
  const since = performance.now();
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  const [, , bridged] = await Promise.all([
    callee.hears(800, { since }),
    call.hears(1000, { since }),
    call.hears(620, { since }),
  ]);
  await callee.hears(440, { since: bridged });
  const after = { since: bridged + 100, until: bridged + 300 };
  await call.media?.ears.packets.until((each) => each.at > after.until, { what: 'audio after the bridge' });
  assert.ok((call.media?.ears.heard(1000, after) ?? -99) < -40, 'the music stops at the bridge');
  await call.hangsUp();
  await result(w);
});
