// What a WebSocket application commands, and what it is told when it cannot be done. reference.md 3.3, 4.2.
import assert from 'node:assert/strict';
import {
  dial,
  type Json,
  type OutgoingPhoneCall,
  phones,
  stage,
  toSip,
  type World,
  WsApp,
  type WsMessage,
} from '../kit/index.ts';

const app = await WsApp.start();

const tell = stage({
  phones: ['desk'],
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: app.url() },
      { name: 'http', call_hook: w.app.url('/call'), call_status_hook: w.app.url('/status') },
    ],
    phone_numbers: [{ number: '+15551230002', carrier: 'origin', application: 'http' }],
  }),
});
const story = (title: string, play: (w: World) => Promise<void>): void =>
  tell(title, async (w) => {
    app.reset();
    await play(w);
  });

async function answered(w: World): Promise<{ call: OutgoingPhoneCall; sid: string }> {
  app.on('session:new', [{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  return { call, sid: (await app.next('session:new')).call_sid };
}

async function talking(w: World): Promise<{ call: OutgoingPhoneCall; parent: string; child: string }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  app.on('session:new', dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  const { data } = await app.next(
    'call:status',
    ({ data: each }) => each['direction'] === 'outbound' && each['call_status'] === 'in-progress',
  );
  return { call, parent: data['parent_call_sid'], child: data['call_sid'] };
}

const error = (about: RegExp): Promise<WsMessage> =>
  app.next('jambonz:error', ({ data }) => about.test(JSON.stringify(data)));

story('call:status completed hangs up; tag is on all later messages', async (w) => {
  const { call } = await answered(w);
  app.command('tag', { order: 7 });
  app.command('call:status', { call_status: 'completed' });
  await call.byed();
  const { data } = await app.next('call:status', ({ data: each }) => each['call_status'] === 'completed');
  assert.deepEqual(data['customerData'], { order: 7 });
});

story('mute:status and dtmf act on the leg that is named', async (w) => {
  const { call, child } = await talking(w);
  const desk = await w.phone('desk').nextCall();
  app.command('dtmf', { digit: '#' }, { callSid: child });
  await desk.media?.ears.digits.until((each) => each.digit === '#', { what: 'a # at the callee' });
  assert.equal(call.media?.ears.digits.entries.length, 0);
  app.command('mute:status', { mute_status: 'mute' });
  await w.eventually('silence at the callee', () => {
    const { media } = desk;
    return Promise.resolve(media !== undefined && media.ears.heard(440, { since: performance.now() - 200 }) < -40);
  });
  app.command('mute:status', 'unmute');
  await desk.hears(440, { since: performance.now() });
  await call.hangsUp();
});

story('redirect with call_hook asks over the same socket', async (w) => {
  const { call } = await answered(w);
  app.on('/menu', [{ verb: 'hangup', headers: { 'X-By': 'menu' } }]);
  app.command('redirect', { call_hook: '/menu' });
  assert.equal((await call.byed()).get('x-by'), 'menu');
  assert.equal((await app.next('session:redirect')).hook, '/menu');
  assert.equal(app.connections.length, 1);
});

for (const [title, command, data, about] of [
  ['an unknown command', 'dance', {}, /dance/],
  ['a command this version cannot do', 'conf:mute-status', { conf_mute_status: 'mute' }, /conf_mute_status/],
  ['a value that is not allowed', 'call:status', { call_status: 'gone' }, /completed/],
  ['a field nobody knows', 'dtmf', { digit: '1', loudness: 3 }, /loudness/],
  ['verbs that are not valid', 'redirect', [{ verb: 'dance' }], /dance/],
  ['an action the state forbids', 'call:status', { call_status: 'no-answer' }, /already answered/],
  ['child_call without a dial', 'redirect', { child_call: [] }, /dial/],
] as const)
  story(`${title}: jambonz:error says what, and the call goes on`, async (w) => {
    const { call } = await answered(w);
    app.command(command, data);
    const { data: told } = await error(about);
    assert.equal(told['command'], command);
    app.command('redirect', [{ verb: 'hangup', headers: { 'X-Still': 'here' } }]);
    assert.equal((await call.byed()).get('x-still'), 'here');
  });

story('a command for a call of another session is refused, and that call is untouched', async (w) => {
  const first = await answered(w);
  app.on('session:new', [{ verb: 'answer' }]);
  const second = w.calls();
  await second.answered();
  app.command('call:status', { call_status: 'completed' }, { callSid: first.sid });
  await error(/no call of this session/);
  assert.equal((await w.account('GET', `/Calls/${first.sid}`)).body.call_status, 'in-progress');
  await first.call.hangsUp();
  await second.hangsUp();
});

for (const [title, frame] of [
  ['text that is no JSON', '{'],
  ['a list', '[]'],
  ['a binary message', Buffer.from([1, 2, 3])],
  ['a message of unknown type', '{"type":"dance"}'],
  ['an ack without msgid', '{"type":"ack"}'],
  ['a command without a name', '{"type":"command","data":{}}'],
  ['JSON nested too deep', `{"type":"ack","msgid":"x","data":${'['.repeat(500)}${']'.repeat(500)}}`],
] as const)
  story(`${title}: jambonz:error InvalidMessage, an alert, and the call goes on`, async (w) => {
    const { call } = await answered(w);
    app.send(frame);
    assert.equal((await app.next('jambonz:error')).data['msg'], 'InvalidMessage');
    await w.eventually('an alert', async () =>
      (await w.alerts('invalid-app-payload')).some((alert) => JSON.stringify(alert).includes('WebSocket')),
    );
    app.command('call:status', { call_status: 'completed' });
    await call.byed();
  });

story('an application that sends nothing readable is cut off with 1008, and the call hangs up', async (w) => {
  const { call } = await answered(w);
  for (let n = 0; n < 30; n++) app.send('?');
  await call.byed();
  assert.equal((await app.closes.until(() => true, { what: 'a close' })).code, 1008);
});

story('an application that floods its call with messages is cut off with 1008', async (w) => {
  const { call } = await answered(w);
  for (let n = 0; n < 1200; n++) app.send({ type: 'ack', msgid: 'none' });
  await call.byed();
  assert.equal((await app.closes.until(() => true, { what: 'a close' })).code, 1008);
});

story('a message over the limit ends the connection, and the application is asked back', async (w) => {
  const { call } = await answered(w);
  app.send(JSON.stringify({ type: 'ack', msgid: 'x', data: 'x'.repeat(1_100_000) }));
  await app.next('session:reconnect');
  app.command('call:status', { call_status: 'completed' });
  await call.byed();
});

story('verbs that are not valid in the first ack: 480, jambonz:error, close 1001', async (w) => {
  app.on('session:new', [{ verb: 'dance' }]);
  assert.equal((await w.calls().refused()).status, 480);
  await error(/dance/);
  assert.equal((await app.closes.until(() => true, { what: 'a close' })).code, 1001);
});

story(
  'an unanswered caller whose dial failed is refused with its cause when the application says nothing',
  async (w) => {
    w.phone('desk').onInvite = phones.busy();
    app.on('session:new', dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    assert.equal((await w.calls().refused({ within: 12_000 })).status, 486);
  },
);

story('redirect moves a call from HTTP to a WebSocket, and back', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'redirect', actionHook: app.url('/moved') }]);
  const call = w.calls({ to: '+15551230002' });
  const first = await app.next('session:redirect');
  assert.equal(app.connections[0]?.request.url, '/moved');
  assert.equal(first.data['to'], '+15551230002');
  w.app.on('/back', [{ verb: 'redirect', actionHook: '/next' }]);
  w.app.on('/next', [{ verb: 'hangup', headers: { 'X-By': 'http' } }]);
  app.command('redirect', [{ verb: 'redirect', actionHook: w.app.url('/back') }]);
  assert.equal((await call.byed()).get('x-by'), 'http');
  assert.equal((await app.closes.until(() => true, { what: 'a close' })).code, 1000);
  assert.equal((await w.next('/next')).body['call_status'], 'in-progress');
});

story('redirect to another WebSocket URL opens that one and closes the first', async (w) => {
  const { call } = await answered(w);
  app.on('session:redirect', [{ verb: 'tag', data: { at: 'other' } }]);
  app.command('redirect', [{ verb: 'redirect', actionHook: app.url('/other') }]);
  await app.next('session:redirect', ({ connection }) => connection === 1);
  assert.deepEqual(await app.closes.until(() => true, { what: 'a close' }), { code: 1000, connection: 0 });
  app.command('call:status', { call_status: 'completed' });
  await call.byed();
});

story('REST steers the same call: call_hook to a WebSocket', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 600 }]);
  const call = w.calls({ to: '+15551230002' });
  await call.answered();
  const { body } = await w.next('/call');
  app.on('session:redirect', [{ verb: 'hangup', headers: { 'X-By': 'socket' } }]);
  assert.equal((await w.update(body['call_sid'], { call_hook: app.url('/moved') })).status, 202);
  assert.equal((await call.byed()).get('x-by'), 'socket');
});

story('a call placed by REST opens its WebSocket when it is answered', async (w) => {
  app.on('session:new', [{ verb: 'hangup', headers: { 'X-By': 'placed' } }]);
  w.phone('desk').onInvite = phones.answersAfter(10);
  const created = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    call_hook: app.url('/placed'),
    call_status_hook: app.url('/placed'),
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const desk = await w.phone('desk').nextCall();
  assert.equal((await desk.byed()).get('x-by'), 'placed');
  const { data } = await app.next('session:new');
  assert.equal(data['direction'], 'outbound');
  const states = async (): Promise<Json> =>
    app.messages.entries.filter(({ type }) => type === 'call:status').map(({ data: each }) => each['call_status']);
  await app.next('call:status', ({ data: each }) => each['call_status'] === 'completed');
  assert.deepEqual((await states()).at(0), 'trying');
  assert.equal(app.connections.length, 1);
});

story('child_call gives the callee verbs of its own, parent_call the caller', async (w) => {
  const { call, parent } = await talking(w);
  const desk = await w.phone('desk').nextCall();
  app.command('redirect', {
    child_call: [{ verb: 'hangup', headers: { 'X-By': 'child' } }],
    parent_call: [{ verb: 'hangup', headers: { 'X-By': 'parent' } }],
  });
  assert.equal((await desk.byed()).get('x-by'), 'child');
  assert.equal((await call.byed()).get('x-by'), 'parent');
  const { data } = await app.next('verb:hook');
  assert.equal(data['call_sid'], parent);
  assert.equal(data['dial_call_status'], 'completed');
});

story('dial places a call: of this application, told by its sid, refused with every fault named', async (w) => {
  const { call } = await answered(w);
  app.command('dial', { from: '+15551230001', to: { type: 'sip' }, timeout: 'soon' });
  const { data: told } = await error(/timeout/);
  assert.equal(told['command'], 'dial');
  app.command('dial', { from: '+15551230001', to: { type: 'sip' } });
  await error(/sipUri/);
  app.command('dial', 'nobody');
  await error(/an object/);
  w.phone('desk').onInvite = phones.answersAfter(10);
  app.on('session:new', [{ verb: 'hangup', headers: { 'X-By': 'same application' } }]);
  app.command('dial', { from: '+15551230001', to: { type: 'sip', sipUri: w.phone('desk').uri } });
  const desk = await w.phone('desk').nextCall();
  assert.equal((await desk.byed()).get('x-by'), 'same application');
  const { data } = await app.next('verb:status', ({ data: each }) => each['event'] === 'placed');
  const { data: placed } = await app.next('session:new', ({ data: each }) => each['direction'] === 'outbound');
  assert.equal(data['placed_call_sid'], placed['call_sid']);
  const own = { app_json: [{ verb: 'hangup', headers: { 'X-By': 'its own verbs' } }] };
  const to = { type: 'sip', sipUri: w.phone('desk').uri };
  app.send({ type: 'command', command: 'dial', data: { from: '+15551230001', to, ...own } }, 0);
  const second = await w.phone('desk').nextCall(1);
  assert.equal((await second.byed()).get('x-by'), 'its own verbs');
  await call.hangsUp();
});

story(
  'a command with an idempotencyKey is done once, however often it comes; another one with it is refused',
  async (w) => {
    const { call } = await answered(w);
    w.phone('desk').onInvite = phones.answersAfter(10);
    const app_json = [{ verb: 'pause', length: 600 }];
    const data = { from: '+15551230001', to: { type: 'sip', sipUri: w.phone('desk').uri }, app_json };
    app.command('dial', data, { idempotencyKey: 'one' });
    app.command('dial', data, { idempotencyKey: 'one' });
    app.command('dial', { ...data, timeout: 9 }, { idempotencyKey: 'one' });
    const { data: told } = await error(/another command/);
    assert.equal(told['status'], 422);
    const desk = await w.phone('desk').nextCall();
    await desk.gets('ACK');
    app.command('redirect', [{ verb: 'hangup' }], { idempotencyKey: 'two' });
    await call.byed();
    assert.equal(w.phone('desk').calls.entries.length, 1);
    await desk.hangsUp();
  },
);

story('config sets what the verbs that follow fall back on, while others run', async (w) => {
  const { call } = await answered(w);
  app.command('redirect', [{ verb: 'pause', length: 600 }]);
  app.command('config', { notifyEvents: true, referHook: '/refer' });
  app.command('config', { loudness: 3 });
  await error(/loudness/);
  app.on('/refer', [{ verb: 'hangup', headers: { 'X-By': 'refer' } }]);
  const refer = await call.request('REFER', { headers: [['Refer-To', '<sip:carol@127.0.0.1:9>']] });
  assert.equal(refer.status, 202);
  assert.equal((await call.byed()).get('x-by'), 'refer');
  await app.next('verb:status', ({ data: each }) => each['name'] === 'hangup');
});

for (const [command, data] of [
  ['conf:mute-status', 'mute'],
  ['conf:hold-status', 'hold'],
  ['conf:participant-action', { action: 'mute' }],
  ['llm:tool-output', {}],
  ['llm:update', {}],
  ['tts:tokens', { id: 1, tokens: 'x' }],
  ['tts:flush', {}],
  ['tts:clear', {}],
  ['noiseIsolation:status', {}],
  ['room:say', {}],
  ['room:play', {}],
  ['agent:update', {}],
  ['transfer', {}],
] as const)
  story(`${command}, which this version cannot do, is refused by name`, async (w) => {
    const { call } = await answered(w);
    app.command(command, data);
    const { data: told } = await error(/this version/);
    assert.equal(told['command'], command);
    assert.equal(told['status'], 422);
    await call.hangsUp();
  });
