// The WebSocket of an application fails: it is won back, what was not acknowledged comes again, and the call goes on.
import assert from 'node:assert/strict';
import { dial, type Json, number, phones, stage, toSip, type World, WsApp } from '../kit/index.ts';

const app = await WsApp.start();

const tell = stage({
  phones: ['desk'],
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: app.url() },
      { name: 'again', call_hook: app.url('/app#rc=2&rp=ct,5xx') },
      { name: 'guarded', call_hook: app.url(), fallback_hook: w.app.url('/fallback') },
    ],
    phone_numbers: [
      { number: '+15551230002', carrier: 'origin', application: 'again' },
      { number: '+15551230003', carrier: 'origin', application: 'guarded' },
    ],
  }),
});
const story = (title: string, play: (w: World) => Promise<void>): void =>
  tell(title, async (w) => {
    app.reset();
    await play(w);
  });

const alerted = (w: World, type: string, about: RegExp): Promise<unknown> =>
  w.eventually(`an alert ${type}`, async () =>
    (await w.alerts(type)).some((alert) => about.test(JSON.stringify(alert))),
  );

story(
  'a socket that breaks is won back: session:reconnect, then the hook that was not acknowledged, once more',
  async (w) => {
    w.phone('desk').onInvite = phones.busy();
    app.on('session:new', dial([toSip(w.phone('desk'))]));
    app.on('/action', (message, at) => {
      if (message.redelivered === true) at.ack(message, [{ verb: 'hangup', headers: { 'X-By': 'redelivery' } }]);
      else at.drop();
    });
    const call = w.calls();
    assert.equal((await call.byed()).get('x-by'), 'redelivery');
    assert.equal(app.connections.length, 2);
    const second = app.messages.entries.filter(({ connection }) => connection === 1);
    assert.equal(second[0]?.type, 'session:reconnect');
    assert.equal(second[0]?.data['to'], number);
    const [first, again] = app.messages.entries.filter(({ hook }) => hook === '/action');
    assert.deepEqual([again?.msgid, again?.seq], [first?.msgid, first?.seq]);
    assert.equal(first?.redelivered, undefined);
  },
);

story('states that came while it was away are told in order; those an ack has proven are not told twice', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(300);
  app.on('session:new', [...dial([toSip(w.phone('desk'))], { answerOnBridge: true })]);
  const call = w.calls();
  await app.next('call:status', ({ data }) => data['call_status'] === 'ringing' && data['direction'] === 'outbound');
  app.drop();
  await app.next('session:reconnect');
  await call.answered();
  await app.next('call:status', ({ data }) => data['call_status'] === 'in-progress' && data['direction'] === 'inbound');
  await call.hangsUp();
  await app.next('verb:hook');
  await app.closes.until(({ connection }) => connection === 1, { what: 'the second close' });
  const told = app.messages.entries.filter(({ type, connection }) => type === 'call:status' && connection === 1);
  const seqs = told.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  );
  const statuses = told.map(({ data }) => `${data['direction']} ${data['call_status']}`);
  assert.ok(statuses.includes('inbound completed') && statuses.includes('outbound completed'), statuses.join());
  // session:new was acknowledged before any state was sent, so all of them come again.
  assert.deepEqual(new Set(seqs).size, seqs.length);
});

story(
  'an application that closes with 1000 has given up control: no reconnect, the call ends when its verbs do',
  async (w) => {
    app.on('session:new', [{ verb: 'answer' }]);
    const call = w.calls();
    await call.answered();
    app.hangUp(1000);
    await call.byed();
    assert.equal(app.connections.length, 1);
  },
);

story('an application that goes away (1001) is asked back', async (w) => {
  app.on('session:new', [{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  app.hangUp(1001);
  await app.next('session:reconnect');
  app.command('redirect', [{ verb: 'hangup', headers: { 'X-By': 'second' } }]);
  assert.equal((await call.byed()).get('x-by'), 'second');
});

story('five tries in vain: an alert, and the call is hung up once nothing is left to do', async (w) => {
  app.on('session:new', [{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  app.refuses = 503;
  app.drop();
  await call.byed({ within: 30_000 });
  await alerted(w, 'webhook-failure', /503/);
});

story('what an ack has proven is not told again', async (w) => {
  app.on('session:new', [{ verb: 'answer' }, { verb: 'redirect', actionHook: '/asked' }]);
  const call = w.calls();
  await app.next('session:redirect');
  app.send({ type: 'ack', seq: app.messages.entries.at(-1)?.seq });
  await w.eventually('all is acknowledged', async () => {
    const { body } = await w.account('GET', `/Calls/${app.messages.entries[0]?.call_sid}/Events`);
    return (body.events as Json[]).every(({ acknowledged }) => acknowledged === true);
  });
  app.drop();
  await app.next('session:reconnect');
  await call.hangsUp();
  await app.closes.until(({ connection }) => connection === 1, { what: 'the close' });
  const told = app.messages.entries
    .filter(({ connection }) => connection === 1)
    .map(({ type, data }) => `${type} ${data['call_status']}`);
  assert.deepEqual(told, ['session:reconnect in-progress', 'call:status completed']);
});

story('a call that ends while its application is away keeps what it would have been told', async (w) => {
  app.on('session:new', [{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  const { call_sid: sid } = await app.next('session:new');
  const known = app.messages.entries.at(-1)?.seq ?? 0;
  app.refuses = 503;
  app.drop();
  await call.hangsUp();
  await w.eventually('the call is over', () => w.idle());
  const { status, body } = await w.account('GET', `/Calls/${sid}/Events?after=0`);
  assert.equal(status, 200);
  const events = body.events as Json[];
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, at) => at + 1),
  );
  const last = events.at(-1);
  assert.equal(last.data.call_status, 'completed');
  assert.equal(last.acknowledged, false);
  assert.equal(events[0].type, 'session:new');
  assert.equal(events[0].acknowledged, true);
  const missed = await w.account('GET', `/Calls/${sid}/Events?after=${known}`);
  assert.deepEqual(missed.body.events, events.slice(known));
  assert.equal(missed.body.last, events.length);
  assert.equal((await w.account('GET', '/Calls/00000000-0000-4000-8000-000000000000/Events')).status, 404);
});

story('no ack within five seconds is a hook that failed: 480 and an alert', async (w) => {
  app.on('session:new', 'silence');
  assert.equal((await w.calls().refused({ within: 12_000 })).status, 480);
  await alerted(w, 'webhook-connection-failure', /no ack/);
});

story('a handshake that is refused fails the hook by its status, and the fallback_hook is asked', async (w) => {
  app.refuses = 401;
  assert.equal((await w.calls().refused()).status, 480);
  await alerted(w, 'webhook-auth-failure', /401/);
  w.app.on('/fallback', [{ verb: 'sip:decline', status: 410 }]);
  assert.equal((await w.calls({ to: '+15551230003' }).refused()).status, 410);
});

story('a URL with #rc is dialled again', async (w) => {
  app.refuses = 503;
  const call = w.calls({ to: '+15551230002' });
  await w.eventually('a refusal was noted', async () => {
    const calls = (await w.account('GET', '/Calls')).body as Json[];
    return calls.length === 1;
  });
  app.refuses = undefined;
  app.on('session:new', [{ verb: 'sip:decline', status: 486 }]);
  assert.equal((await call.refused()).status, 486);
});
