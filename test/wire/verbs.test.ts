// The verbs around dial, each on the wire. reference.md 5.
import assert from 'node:assert/strict';
import { phones, readSdp, stage, toneVoice, writeWav } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
const gone = { verb: 'hangup', headers: { 'X-End': 'yes' } };

story('answer sends 200 and goes on', async (w) => {
  w.app.answers([{ verb: 'answer' }, gone]);
  const call = w.calls();
  const answer = await call.answered();
  assert.ok(readSdp(answer.sdp ?? '').port > 0);
  assert.equal((await call.byed()).get('x-end'), 'yes');
});

story('both notations are read: {"answer":{}} and {"verb":"answer"}', async (w) => {
  w.app.answers([{ answer: {} }, { hangup: {} }]);
  const call = w.calls();
  await call.answered();
  await call.byed();
});

story('pause waits without answering', async (w) => {
  w.app.answers([
    { verb: 'pause', length: 0.3 },
    { verb: 'sip:decline', status: 486 },
  ]);
  const call = w.calls();
  const refusal = await call.refused();
  assert.equal(refusal.status, 486);
  const sent = w.phone('alice').transcript.entries.find((entry) => entry.title === 'INVITE')?.at ?? 0;
  const got = w.phone('alice').transcript.entries.find((entry) => entry.title.startsWith('486'))?.at ?? 0;
  assert.ok(got - sent >= 300);
});

story('a pause is over when the caller hangs up', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 600 }]);
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story('sip:decline refuses with status, reason and headers', async (w) => {
  w.app.answers([{ verb: 'sip:decline', status: 480, reason: 'Gone Fishing', headers: { 'X-Back': 'monday' } }]);
  const refusal = await w.calls().refused();
  assert.equal(refusal.status, 480);
  assert.equal(refusal.reason, 'Gone Fishing');
  assert.equal(refusal.get('x-back'), 'monday');
  await w.status((body) => body['call_status'] === 'failed' && body['sip_status'] === 480);
});

story('hangup on an unanswered call refuses it', async (w) => {
  w.app.answers([{ verb: 'hangup' }]);
  assert.ok((await w.calls().refused()).status >= 400);
});

story('verbs that run out on an answered call end it with BYE', async (w) => {
  w.app.answers([{ verb: 'answer' }]);
  const call = w.calls();
  await call.answered();
  await call.byed();
});

story('redirect asks another hook with the call’s fields and runs its verbs', async (w) => {
  w.app.answers([{ verb: 'redirect', actionHook: '/elsewhere' }, gone]);
  w.app.on('/elsewhere', [{ verb: 'sip:decline', status: 486 }]);
  const call = w.calls();
  assert.equal((await call.refused()).status, 486);
  const { body } = await w.next('/elsewhere');
  assert.equal(body['call_sid'], (await w.next('/call')).body['call_sid']);
});

story('redirect’s statusHook takes over the status callbacks', async (w) => {
  w.app.answers([{ verb: 'redirect', actionHook: '/elsewhere', statusHook: '/other-status' }]);
  w.app.on('/elsewhere', [{ verb: 'answer' }, { verb: 'hangup' }]);
  await w.calls().byed();
  assert.equal((await w.next('/other-status')).body['call_status'], 'in-progress');
});

story('tag is carried by every later hook of the call', async (w) => {
  w.app.answers([
    { verb: 'tag', data: { order: 7 } },
    { verb: 'redirect', actionHook: '/elsewhere' },
  ]);
  w.app.on('/elsewhere', [{ verb: 'sip:decline', status: 486 }]);
  await w.calls().refused();
  assert.deepEqual((await w.next('/elsewhere')).body['customerData'], { order: 7 });
  await w.status((body) => body['call_status'] !== 'trying' && body['customerData']?.order === 7);
});

story('alert raises an alert of the account', async (w) => {
  w.app.answers([
    { verb: 'alert', message: 'the cellar is flooded' },
    { verb: 'sip:decline', status: 486 },
  ]);
  await w.calls().refused();
  await w.eventually('the alert', async () =>
    (await w.alerts('alert-from-application')).some((alert) => JSON.stringify(alert).includes('cellar')),
  );
});

story('play of a tone answers the call and is heard', async (w) => {
  w.app.answers([{ verb: 'play', url: 'tone_stream://%(1500,0,800)' }, gone]);
  const call = w.calls();
  await call.answered();
  await call.hears(800);
  assert.equal((await call.byed()).get('x-end'), 'yes');
});

story('play with earlyMedia is heard in a 183, before any answer', async (w) => {
  w.app.answers([
    { verb: 'play', url: 'tone_stream://%(3000,0,800)', earlyMedia: true },
    { verb: 'sip:decline', status: 486 },
  ]);
  const call = w.calls();
  assert.equal((await call.rings()).status, 183);
  await call.hears(800);
  assert.equal((await call.refused()).status, 486);
});

story('play of a WAV by URL, several in a row, and its actionHook', async (w) => {
  const wav = (hz: number): Buffer => writeWav([Int16Array.from({ length: 4000 }, (_, n) => toneVoice(hz)(n))]);
  w.app.files.set('/a.wav', { type: 'audio/wav', body: wav(700) });
  w.app.files.set('/b.wav', { type: 'audio/wav', body: wav(1200) });
  w.app.answers([{ verb: 'play', url: [w.app.url('/a.wav'), w.app.url('/b.wav')], actionHook: '/played' }]);
  w.app.on('/played', [{ verb: 'hangup' }]);
  const call = w.calls();
  const first = await call.hears(700);
  await call.hears(1200, { since: first });
  await call.byed();
  assert.equal((await w.next('/played')).body['reason'], 'playCompleted');
});

story('play of what cannot be had: an alert, and the call goes on', async (w) => {
  w.app.answers([{ verb: 'play', url: w.app.url('/nothing-here.wav') }, gone]);
  const call = w.calls();
  assert.equal((await call.byed()).get('x-end'), 'yes');
  await w.eventually('the alert', async () =>
    (await w.alerts('play-url-notfound')).some((alert) => JSON.stringify(alert).includes('nothing-here')),
  );
});

story('a second dial runs after the first has ended', async (w) => {
  w.phone('desk').onInvite = phones.inTurn(phones.busy(), phones.answersAfter(10, { tone: 620 }));
  const dialDesk = { verb: 'dial', target: [{ type: 'sip', sipUri: w.phone('desk').uri }], actionHook: '/action' };
  w.app.answers([dialDesk, dialDesk]);
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  assert.deepEqual(
    [(await w.next('/action')).body['dial_call_status'], (await w.next('/action')).body['dial_call_status']],
    ['busy', 'completed'],
  );
});
