// listen: a call's sound at a WebSocket server, by the verb and inside dial.
import assert from 'node:assert/strict';
import { after as afterAll, before } from 'node:test';
import { dial, ListenerApp, phones, stage, toSip } from '../kit/index.ts';

let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

const story = stage({ phones: ['desk'] });

story('the verb sends the metadata and then what the caller says, as long as it is said', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url('http'), metadata: { ticket: 7 }, actionHook: '/listened' }]);
  w.app.on('/listened', [{ verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  const first = await heard.first();
  const { body } = await w.next('/call');
  assert.deepEqual(
    [first['callSid'], first['direction'], first['from'], first['to'], first['accountSid'], first['callStatus']],
    [body['call_sid'], 'inbound', body['from'], body['to'], body['account_sid'], 'in-progress'],
  );
  assert.deepEqual([first['sampleRate'], first['mixType'], first['ticket']], [8000, 'mono', 7]);
  await heard.hears(440, { rate: 8000 });
  // The first frames are those that waited for the connection.
  await heard.caughtUp();
  const since = performance.now();
  await heard.frames.until((frame) => frame.at - since > 3000, { what: 'three seconds' });
  const frames = heard.frames.entries.filter((frame) => frame.at >= since);
  const ms = (frames.at(-1)?.at ?? 0) - since;
  assert.ok(Math.abs(frames.length * 20 - ms) <= 0.15 * ms, `${frames.length} frames in ${ms} ms`);
  assert.ok(heard.frames.entries.every((frame) => frame.sound.length === 160));
  await heard.sounds([{ loud: [440], quiet: [1000] }], 8000);
  await call.hangsUp();
  assert.equal(await heard.closes.until(() => true, { what: 'a close' }), 1000);
  const told = await w.next('/listened');
  assert.ok(told.body['dial_call_duration'] >= 1);
});

story('inside dial, stereo is the caller left and the callee right, and the metadata is the child’s', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const listen = { url: ear.url(), mixType: 'stereo', sampleRate: 16_000 };
  w.app.answers(dial([toSip(w.phone('desk'))], { listen }));
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  const first = await heard.first();
  assert.equal(first['direction'], 'outbound');
  assert.equal(first['parentCallSid'], (await w.next('/call')).body['call_sid']);
  const both = [
    { loud: [440], quiet: [620] },
    { loud: [620], quiet: [440] },
  ];
  await heard.sounds(both, 16_000);
  await call.hears(620);
  await call.hangsUp();
  await heard.closes.until(() => true, { what: 'a close' });
  assert.equal((await w.next('/action')).body['dial_call_sid'], first['callSid']);
});

for (const sampleRate of [8000, 16_000, 24_000, 32_000, 48_000, 64_000]) {
  story(`mixed at ${sampleRate} Hz is the sum of both parties, in 20 ms frames`, async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url(), mixType: 'mixed', sampleRate } }));
    const call = w.calls();
    await call.answered();
    const heard = await ear.next();
    assert.equal((await heard.first())['sampleRate'], sampleRate);
    await heard.sounds([{ loud: [440, 620], quiet: [3000] }], sampleRate);
    assert.ok(heard.frames.entries.every(({ sound }) => sound.length === sampleRate / 50));
    await call.hangsUp();
  });
}

story('a connection that is lost in the middle of a call is made again, and the timeline tells it', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url(), metadata: { ticket: 7 } } }));
  const call = w.calls();
  await call.answered();
  const first = await ear.next();
  await first.hears(440, { rate: 8000 });
  first.socket.terminate();
  const second = await ear.next();
  assert.equal((await second.first())['ticket'], 7);
  await second.hears(440, { rate: 8000 });
  await call.hangsUp();
  const { body } = await w.next('/call');
  const titles = await w.eventually('the end in the timeline', async () => {
    const { body: timeline } = await w.account('GET', `/Calls/${body['call_sid']}/Trace`);
    const all = (timeline as { title: string }[])
      .map((each) => each.title)
      .filter((title) => title.startsWith('listen.'));
    return all.includes('listen.ended') && all;
  });
  assert.deepEqual(titles, [
    'listen.started',
    'listen.connected',
    'listen.interrupted',
    'listen.connected',
    'listen.ended',
  ]);
});
