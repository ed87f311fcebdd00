// dtmfCapture and dtmfHook on the wire: keys of both parties, by RTP and by INFO. decisions.md, "DTMF".
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
type Call = ReturnType<World['calls']>;
type Callee = Awaited<ReturnType<ReturnType<World['phone']>['nextCall']>>;

/** Alice and the desk talk. */
async function talk(w: World, options: Record<string, unknown>): Promise<{ call: Call; callee: Callee }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { id: 'main-dial', ...options }));
  const call = w.calls();
  await call.hears(620);
  const callee = await w.phone('desk').nextCall();
  await callee.hears(440);
  return { call, callee };
}

async function ends(w: World, call: Call): Promise<void> {
  await call.hangsUp();
  await w.next('/action');
}

story('a sequence of the callee is told with its own call’s fields and parent_call_sid', async (w) => {
  const { call, callee } = await talk(w, { dtmfCapture: ['*1', '#A'], dtmfHook: '/dtmf' });
  await callee.presses('9*1', 60);
  const { body } = await w.next('/dtmf');
  const parent = (await w.next('/call')).body['call_sid'];
  assert.equal(body['dtmf'], '*1');
  assert.equal(body['parent_call_sid'], parent);
  assert.notEqual(body['call_sid'], parent);
  assert.equal(body['direction'], 'outbound');
  assert.equal(body['verb_id'], 'main-dial');
  await ends(w, call);
});

story('a sequence of the caller is told with the caller’s fields, letters too', async (w) => {
  const { call } = await talk(w, { dtmfCapture: ['*1', '#A'], dtmfHook: '/dtmf' });
  await call.presses('#A', 60);
  const { body } = await w.next('/dtmf');
  assert.equal(body['dtmf'], '#A');
  assert.equal(body['call_sid'], (await w.next('/call')).body['call_sid']);
  assert.equal(body['parent_call_sid'], undefined);
  await ends(w, call);
});

story('lists for each side are kept apart', async (w) => {
  const lists = { childCall: ['11'], parentCall: ['22'] };
  const { call, callee } = await talk(w, { dtmfCapture: lists, dtmfHook: '/dtmf' });
  await callee.presses('2211', 60);
  await call.presses('1122', 60);
  const told = [(await w.next('/dtmf')).body, (await w.next('/dtmf')).body];
  assert.deepEqual(
    told.map((body) => [body['dtmf'], body['direction']]),
    [
      ['11', 'outbound'],
      ['22', 'inbound'],
    ],
  );
  await ends(w, call);
});

story('of *1 and *12 the longer wins, and the shorter is told when the caller hangs up on it', async (w) => {
  const { call } = await talk(w, { dtmfCapture: ['*1', '*12'], dtmfHook: '/dtmf' });
  await call.presses('*12', 60);
  assert.equal((await w.next('/dtmf')).body['dtmf'], '*12');
  await call.presses('*1', 60);
  await ends(w, call);
  assert.equal((await w.next('/dtmf')).body['dtmf'], '*1');
});

story(
  'keys by INFO match too, in each of the bodies phones send, and reach the other party as RTP events',
  async (w) => {
    const { call, callee } = await talk(w, { dtmfCapture: ['1234#'], dtmfHook: '/dtmf' });
    const answers = [
      await callee.pressesByInfo('1'),
      await callee.pressesByInfo('2', { type: 'dtmf' }),
      await callee.pressesByInfo('3', { type: 'dtmf', body: 'Signal=3' }),
      await callee.pressesByInfo('4', { body: 'Signal= 4\r\nDuration= 250' }),
      await callee.pressesByInfo('11'),
    ];
    assert.deepEqual(
      answers.map((each) => each.status),
      [200, 200, 200, 200, 200],
    );
    assert.equal((await w.next('/dtmf')).body['dtmf'], '1234#');
    await call.media?.ears.digits.until((each) => each.digit === '#', { what: 'the last key at the caller' });
    assert.equal(call.media?.ears.digits.entries.map((each) => each.digit).join(''), '1234#');
    await ends(w, call);
  },
);

story('an INFO that names no key is refused', async (w) => {
  const { call, callee } = await talk(w, { dtmfCapture: ['1'], dtmfHook: '/dtmf' });
  assert.equal((await callee.pressesByInfo('x')).status, 400);
  assert.equal((await callee.pressesByInfo('', { type: 'dtmf', body: 'Tone=5' })).status, 400);
  await ends(w, call);
  assert.equal(w.app.all('/dtmf').length, 0);
});

story('captured keys reach the other party, and what the hook answers changes nothing', async (w) => {
  w.app.on('/dtmf', [{ verb: 'hangup' }]);
  const { call, callee } = await talk(w, { dtmfCapture: ['*9'], dtmfHook: '/dtmf' });
  await call.presses('*9', 60);
  await w.next('/dtmf');
  await callee.media?.ears.digits.until((each) => each.digit === '9', { what: 'the key at the callee' });
  await call.presses('*9', 60);
  await w.next('/dtmf');
  assert.equal(call.received.entries.filter((each) => each.method === 'BYE').length, 0);
  await ends(w, call);
});

story('a muted party’s keys are neither told nor passed, by INFO as by RTP', async (w) => {
  const { call, callee } = await talk(w, { dtmfCapture: ['5', '6'], dtmfHook: '/dtmf' });
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  await w.update(child.body['call_sid'], { mute_status: 'mute' });
  assert.equal((await callee.pressesByInfo('5')).status, 200);
  await w.update(child.body['call_sid'], { mute_status: 'unmute' });
  assert.equal((await callee.pressesByInfo('6')).status, 200);
  assert.equal((await w.next('/dtmf')).body['dtmf'], '6');
  await call.media?.ears.digits.until((each) => each.digit === '6', { what: 'the key at the caller' });
  assert.equal(call.media?.ears.digits.entries.length, 1);
  await ends(w, call);
});

story('a pattern no key can make is refused by name', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { dtmfCapture: ['*1', 'help'], dtmfHook: '/dtmf' }));
  const call = w.calls();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
  await call.gets((message) => message.status >= 400 || message.method === 'BYE');
  await w.eventually('the alert', async () =>
    (await w.alerts('dial-refused')).some((alert) => JSON.stringify(alert).includes('dtmfCapture[1]')),
  );
});

story('dtmfSuppress: keys are told, but the other party gets none, by RTP or INFO, from either side', async (w) => {
  const dtmfCapture = ['12', '34', '56', '78'];
  const { call, callee } = await talk(w, { dtmfCapture, dtmfHook: '/dtmf', dtmfSuppress: true });
  // A sequence comes by one road: which of two is faster nobody promises.
  for (const [party, byRtp, byInfo] of [
    [callee, '12', '34'],
    [call, '56', '78'],
  ] as const) {
    await party.presses(byRtp, 60);
    assert.equal((await w.next('/dtmf')).body['dtmf'], byRtp);
    for (const key of byInfo) await party.pressesByInfo(key);
    assert.equal((await w.next('/dtmf')).body['dtmf'], byInfo);
  }
  const since = performance.now();
  await Promise.all([call.hears(620, { since }), callee.hears(440, { since })]);
  assert.deepEqual([call.media?.ears.digits.entries.length, callee.media?.ears.digits.entries.length], [0, 0]);
  await ends(w, call);
});

story('dtmfSuppress alone suppresses too, and ends with the dial', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const [first] = dial([toSip(w.phone('desk'))], { dtmfSuppress: true });
  w.app.answers([first, ...dial([toSip(w.phone('desk'))], { actionHook: '/second' })]);
  const call = w.calls();
  await call.hears(620);
  const one = await w.phone('desk').nextCall(0);
  await one.hears(440);
  await call.presses('5', 60);
  await one.hears(440, { since: performance.now() });
  assert.equal(one.media?.ears.digits.entries.length, 0);
  await one.hangsUp();
  const two = await w.phone('desk').nextCall(1);
  await two.hears(440);
  await call.presses('6', 60);
  await two.media?.ears.digits.until((each) => each.digit === '6', { what: 'the key at the second callee' });
  await call.hangsUp();
  await w.next('/second');
});

story('dtmfSuppress holds during the callee’s early media', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { dtmfSuppress: true }));
  const call = w.calls();
  await call.answered();
  const callee = await w.phone('desk').nextCall();
  await callee.earlyMedia();
  callee.speaks(620);
  await call.hears(620);
  await callee.hears(440);
  await call.presses('7', 60);
  await call.pressesByInfo('8');
  await callee.hears(440, { since: performance.now() });
  assert.equal(callee.media?.ears.digits.entries.length, 0);
  await ends(w, call);
});
