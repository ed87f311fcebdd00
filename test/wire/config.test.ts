// config: what holds for the rest of the call. reference.md 5.
import assert from 'node:assert/strict';
import { after as afterAll, before } from 'node:test';
import { dial, hearsAt, ListenerApp, phones, stage, toSip, WsApp } from '../kit/index.ts';

const app = await WsApp.start();
let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

const story = stage({
  phones: ['desk'],
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: w.app.url('/call'), call_status_hook: w.app.url('/status') },
      { name: 'socket', call_hook: app.url() },
    ],
    phone_numbers: [{ number: '15551239999', application: 'socket' }],
  }),
});
const long = { verb: 'play', url: 'tone_stream://%(20000,0,800)' };
const hold = { verb: 'pause', length: 600 };

story('bargeIn: a key ends what is played; the result goes to its hook, whose verbs take over', async (w) => {
  const bargeIn = { enable: true, input: ['digits'], numDigits: 2, actionHook: '/barged' };
  w.app.answers([{ verb: 'answer' }, { verb: 'config', bargeIn }, long, hold]);
  w.app.on('/barged', [{ verb: 'hangup', headers: { 'X-End': 'yes' } }]);
  const call = w.calls();
  await call.hears(800);
  await call.presses('4', 60);
  await call.presses('2', 60);
  const { body } = await w.next('/barged');
  assert.deepEqual([body['reason'], body['digits']], ['dtmfDetected', '42']);
  assert.equal((await call.byed()).get('x-end'), 'yes');
});

story('bargeIn that is not sticky takes one result; sticky takes each, until it is switched off', async (w) => {
  const bargeIn = { numDigits: 1, actionHook: '/barged', sticky: true };
  w.app.answers([{ verb: 'answer' }, { verb: 'config', bargeIn }, { verb: 'redirect', actionHook: '/off' }]);
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  w.app.on('/off', async () => {
    await gate;
    return [
      { verb: 'config', bargeIn: { enable: false } },
      { verb: 'redirect', actionHook: '/last' },
    ];
  });
  w.app.on('/last', [{ verb: 'gather', numDigits: 1, actionHook: '/end' }]);
  w.app.on('/end', [{ verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await w.next('/off');
  await call.presses('1', 60);
  assert.equal((await w.next('/barged')).body['digits'], '1');
  await call.presses('2', 60);
  assert.equal((await w.next('/barged')).body['digits'], '2');
  open();
  await w.next('/last');
  await call.presses('3', 60);
  assert.equal((await w.next('/end')).body['digits'], '3');
  await call.byed();
  assert.equal(w.app.all('/barged').length, 2);
});

story('boostAudioSignal holds for what the caller hears, in every later verb', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([{ verb: 'config', boostAudioSignal: '-6 dB' }, ...dial([toSip(w.phone('desk'))])]);
  const call = w.calls();
  await hearsAt(call.media?.ears ?? (await call.openMedia()).ears, 620, -18);
  await call.hangsUp();
  await w.next('/action');
});

story('listen goes on beside the verbs until it is switched off', async (w) => {
  const listen = { enable: true, url: ear.url('http'), actionHook: '/listened' };
  w.app.answers([{ verb: 'config', listen }, { verb: 'answer' }, { verb: 'gather', numDigits: 1, actionHook: '/off' }]);
  w.app.on('/off', [{ verb: 'config', listen: { enable: false } }, hold]);
  const call = w.calls();
  const heard = await ear.next();
  await heard.hears(440, { rate: 8000 });
  await call.presses('1', 60);
  await heard.closes.until(() => true, { what: 'a close' });
  await w.next('/listened');
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story(
  'sipRequestWithinDialogHook is told of requests of both parties; what it answers to the caller’s runs',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    const config = { verb: 'config', sipRequestWithinDialogHook: '/asked' };
    w.app.answers([config, ...dial([toSip(w.phone('desk'))])]);
    const call = w.calls();
    await call.hears(620);
    const callee = await w.phone('desk').nextCall();
    const message = { contentType: 'text/plain', body: 'hello', headers: [['X-Mood', 'fine']] as const };
    assert.equal((await callee.request('MESSAGE', message)).status, 200);
    const first = await w.next('/asked');
    assert.deepEqual(
      [first.body['sip_method'], first.body['sip_body'], first.body['sip_headers']['x-mood'], first.body['direction']],
      ['MESSAGE', 'hello', 'fine', 'outbound'],
    );
    w.app.on('/asked', [{ verb: 'hangup', headers: { 'X-End': 'yes' } }]);
    assert.equal((await call.request('INFO', { contentType: 'application/x', body: 'stop' })).status, 200);
    const second = await w.next('/asked');
    assert.deepEqual([second.body['sip_method'], second.body['direction']], ['INFO', 'inbound']);
    await callee.byed();
    assert.equal((await call.byed()).get('x-end'), 'yes');
  },
);

story('notifyEvents tells a WebSocket application of its verbs', async (w) => {
  app.on('session:new', [
    { verb: 'answer' },
    { verb: 'config', notifyEvents: true },
    { verb: 'pause', length: 0.1, id: 'wait' },
    { verb: 'hangup' },
  ]);
  await w.calls({ to: '+15551239999' }).byed();
  const told = await app.next('verb:status', ({ data }) => data['id'] === 'wait' && data['event'] === 'finished');
  assert.equal(told.data['verb'], 'pause');
  const events = app.messages.entries
    .filter((each) => each.type === 'verb:status')
    .map(({ data }) => `${data['verb']} ${data['event']}`);
  assert.deepEqual(events.slice(0, 3), ['config finished', 'pause starting', 'pause finished']);
});

story('synthesizer holds for every later say, reset takes it back', async (w) => {
  const say = { verb: 'say', text: 'Hello.' };
  w.app.answers([
    { verb: 'answer' },
    { verb: 'config', synthesizer: { vendor: 'acme' } },
    say,
    { verb: 'alert', message: 'first said' },
    { verb: 'config', reset: 'synthesizer' },
    say,
    { verb: 'alert', message: 'second said' },
    { verb: 'hangup' },
  ]);
  await w.calls().byed();
  const alerts = await w.eventually('both alerts', async () => {
    const told = await w.alerts('alert-from-application');
    return told.length === 2 && (await w.alerts('no-tts'));
  });
  assert.equal(alerts.length, 1);
  assert.match(JSON.stringify(alerts), /acme/);
});

story('what config cannot do is refused by name; switching it off is not', async (w) => {
  w.app.answers([{ verb: 'config', fillerNoise: { enable: true }, vad: { enable: false }, reset: ['everything'] }]);
  assert.equal((await w.calls().refused()).status, 480);
  const alert = await w.eventually('the alert', async () =>
    (await w.alerts('invalid-app-payload')).find((each) => JSON.stringify(each).includes('fillerNoise')),
  );
  assert.match(JSON.stringify(alert), /\[0\]\.reset/);
  assert.doesNotMatch(JSON.stringify(alert), /vad/);
});
