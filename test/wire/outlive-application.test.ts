// Calls outlive their process, and their applications go on with them: over a WebSocket that is dialled anew, and over HTTP
// where the answer of a hook was waited for. issue 6, item 5.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import {
  accountOf,
  after,
  at,
  GraineProcess,
  HookApp,
  type HookRequest,
  type IncomingPhoneCall,
  odd,
  type OutgoingPhoneCall,
  Phone,
  phones,
  WsApp,
  type WsMessage,
} from '../kit/index.ts';

type Talk = { readonly call: OutgoingPhoneCall; readonly callee: IncomingPhoneCall };

describe('kill -9 while three applications have a call each', () => {
  let [app, ws, slow]: [HookApp?, WsApp?, WsApp?] = [];
  let [alice, desk, graine]: [Phone?, Phone?, GraineProcess?] = [];
  let [talks, thinks, asked]: Talk[] = [];
  let told: readonly WsMessage[];
  let [thought, posted]: [WsMessage?, HookRequest?] = [];

  const dials = (): readonly object[] => [
    { verb: 'dial', target: [{ type: 'sip', sipUri: desk!.uri }], actionHook: '/dialled', answerOnBridge: true },
  ];
  const tone = [{ verb: 'play', url: 'tone_stream://L=-1;%(60000,0,880)' }];

  async function talking(number: string): Promise<Talk> {
    const nth = desk!.calls.entries.length;
    const call = alice!.invites(at(number, graine!.sip), { from: '+15557650001', tone: 440 });
    await call.hears(620);
    return { call, callee: await desk!.nextCall(nth) };
  }

  before(async () => {
    [app, ws, slow] = [await HookApp.start(), await WsApp.start(), await WsApp.start()];
    [alice, desk] = [await Phone.listen({ name: 'alice' }), await Phone.listen({ name: 'desk' })];
    desk.onInvite = phones.answersAfter(5, { tone: 620 });
    graine = await GraineProcess.start({
      store: { url: 'file:./data' },
      accounts: [
        accountOf(app, alice, {
          applications: [
            { name: 'main', call_hook: app.url('/call') },
            { name: 'socket', call_hook: ws.url() },
            { name: 'slow', call_hook: slow.url() },
          ],
          phone_numbers: [
            { number: '200', carrier: 'origin', application: 'socket' },
            { number: '300', carrier: 'origin', application: 'slow' },
          ],
        }),
      ],
    });
    app.answers(dials());
    app.on('/dialled', odd({ delayMs: 60_000 }));
    ws.on('session:new', dials());
    ws.on('/dialled', tone);
    slow.on('session:new', dials());
    slow.on('/dialled', (message, at) => {
      if (message.connection > 0) at.ack(message, tone);
    });
    thinks = await talking('300');
    asked = await talking('100');
    // Calls this young are written down, and what they told.
    talks = await talking('200');
    await after(500);
    await thinks.callee.hangsUp();
    thought = await slow.next('verb:hook');
    // Its number is written down.
    await after(500);
    await asked.callee.hangsUp();
    posted = await app.next('/dialled');
    told = [...ws.messages.entries];
    await graine.killed();
    app.on('/dialled', tone);
    await graine.up();
  });
  afterAll(async () => {
    await graine?.close();
    for (const each of [app, ws, slow, alice, desk]) await each?.close();
  });

  it('a WebSocket is dialled anew and says whose call it is; commands, states and hooks go on', async () => {
    const { call, callee } = talks!;
    const last = Math.max(...told.map(({ seq }) => seq));
    const sid = told[0]!.call_sid;
    const states = told.filter(({ type }) => type === 'call:status').map(({ msgid }) => msgid);
    const again = await ws!.next('session:reconnect');
    // On a busy machine a connection may not come about in time, and the next one is dialled.
    const second = again.connection;
    assert.deepEqual([second > 0, again.call_sid, again.data['call_sid']], [true, sid, sid]);
    assert.equal(again.data['unacknowledged'], states.length);
    await ws!.messages.until(({ connection, msgid }) => connection === second && msgid === states.at(-1), {
      what: 'states',
    });
    const replayed = ws!.messages.entries.filter((each) => each.connection === second && each.type === 'call:status');
    assert.deepEqual(
      replayed.map(({ msgid }) => msgid),
      states,
    );
    assert.ok(replayed.every(({ redelivered, seq }) => redelivered === true && seq <= last));
    await call.hears(620, { since: performance.now() });

    await callee.hangsUp();
    const hook = await ws!.next('verb:hook');
    assert.equal(hook.data['dial_terminated_by'], 'callee');
    assert.ok(hook.seq > last && hook.redelivered === undefined, `${hook.seq} after ${last}`);
    await call.hears(880);
    ws!.command('redirect', [{ verb: 'hangup', headers: { 'X-By': 'command' } }]);
    assert.equal((await call.byed()).get('x-by'), 'command');
    await ws!.closes.until(({ connection, code }) => connection === second && code === 1000, {
      what: 'the last close',
    });
    const finals = ws!.messages.entries.filter(({ data }) => data['call_status'] === 'completed');
    assert.deepEqual([finals.length, new Set(finals.map(({ msgid }) => msgid)).size], [2, 2]);
  });

  it('what a WebSocket application had not answered is asked again, the same message, and its answer runs', async () => {
    const again = await slow!.next('verb:hook');
    assert.deepEqual([again.msgid, again.seq, again.redelivered], [thought!.msgid, thought!.seq, true]);
    await thinks!.call.hears(880);
    await thinks!.call.hangsUp();
  });

  it('what an HTTP application had not answered is asked again, by the same id, and its answer runs', async () => {
    const again = await app!.next('/dialled');
    assert.equal(again.headers['graine-event-id'], posted!.headers['graine-event-id']);
    assert.equal(again.body['dial_terminated_by'], 'callee');
    await asked!.call.hears(880);
    await asked!.call.hangsUp();
    await after(300);
    assert.equal(app!.all('/dialled').length, 2);
  });
});
