// A WebSocket application runs a call. reference.md 3.3.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { dial, type Json, type OutgoingPhoneCall, phones, stage, toSip, type World, WsApp } from '../kit/index.ts';

const app = await WsApp.start();

const tell = stage({
  phones: ['desk'],
  account: () => ({
    applications: [{ name: 'main', call_hook: { url: app.url(), username: 'user', password: 'pass' } }],
  }),
});
const story = (title: string, play: (w: World) => Promise<void>): void =>
  tell(title, async (w) => {
    app.reset();
    await play(w);
  });

/** Alice and desk talk, by the application's first verbs. */
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

story(
  'session:new is acknowledged with verbs, they run, hooks and states go over the one socket, 1000 ends it',
  async (w) => {
    const { call, parent } = await talking(w);
    const [{ request } = { request: undefined }] = app.connections;
    assert.equal(request?.headers['sec-websocket-protocol'], 'ws.jambonz.org');
    assert.equal(request?.headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`);
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(request?.headers['graine-signature'])) ?? [];
    assert.equal(v1, createHmac('sha256', 'whsec_kit').update(`${t}./app`).digest('hex'));
    await call.hangsUp();
    const action = await app.next('verb:hook');
    assert.equal(action.hook, '/action');
    assert.equal(action.data['dial_call_status'], 'completed');
    await app.next('call:status', ({ data }) => data['call_sid'] === parent && data['call_status'] === 'completed');
    assert.equal((await app.closes.until(() => true, { what: 'the close' })).code, 1000);
    assert.equal(app.connections.length, 1);
    assert.equal(app.messages.entries[0]?.type, 'session:new');
    assert.equal(app.messages.entries[0]?.data['sip'].method, 'INVITE');
    assert.deepEqual(
      app.messages.entries.map(({ seq }) => seq),
      app.messages.entries.map((_, at) => at + 1),
    );
    assert.ok(app.messages.entries.every(({ call_sid: sid }) => sid === parent));
    assert.equal(new Set(app.messages.entries.map(({ msgid }) => msgid)).size, app.messages.entries.length);
  },
);

story('when its verbs have run out the call waits for commands: redirect replaces, queueCommand appends', async (w) => {
  app.on('session:new', [{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  app.command('redirect', [
    { verb: 'tag', data: { step: 1 } },
    { verb: 'pause', length: 600 },
  ]);
  app.command('redirect', [{ verb: 'redirect', actionHook: '/asked' }], { queueCommand: true });
  await w.eventually('the pause runs', async () => {
    const { body } = await w.account('GET', '/Calls');
    return (body as Json[])[0]?.customerData?.step === 1;
  });
  assert.equal(
    app.messages.entries.some(({ hook }) => hook === '/asked'),
    false,
  );
  app.command('redirect', [{ verb: 'hangup', headers: { 'X-By': 'command' } }]);
  assert.equal((await call.byed()).get('x-by'), 'command');
});
