// What the caller gets while it rings: 180, 183 or 200, and what it hears. decisions.md, "Ringing".
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip, toneVoice, writeWav } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall'] });

type Got = { readonly status: number; readonly method: string; readonly sdp: string | undefined; readonly raw: Buffer };

/** Each once: a busy machine may send one again before it is read. */
const provisionals = (call: { received: { entries: readonly Got[] } }): string[] =>
  call.received.entries
    .filter((each) => each.method === 'INVITE' && each.status > 100 && each.status < 300)
    .filter((each, nth, all) => all.findIndex(({ raw }) => raw.equals(each.raw)) === nth)
    .map((each) => `${each.status}${each.sdp === undefined ? '' : '+SDP'}`);

story('answerOnBridge: 180 without SDP when the callee rings, 200 only when it answers', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  assert.deepEqual(provisionals(call), [], 'nothing before the callee rings');
  target.rings();
  const ringing = await call.rings();
  assert.equal(ringing.status, 180);
  assert.equal(ringing.sdp, undefined);
  await target.answers();
  target.speaks(620);
  await call.answered();
  await Promise.all([call.hears(620), target.hears(440)]);
  assert.deepEqual(provisionals(call), ['180', '200+SDP']);
  await call.hangsUp();
});

story('without answerOnBridge: 200 at once, and ringback tone until the callee answers', async (w) => {
  // A far network may take seconds until it says that it rings: no silence meanwhile.
  w.phone('desk').onInvite = phones.tries();
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.answered();
  const target = await w.phone('desk').nextCall();
  assert.equal(target.finalStatus, 0);
  await call.hears(440).catch(() => call.hears(425));
  await target.answers();
  target.speaks(620);
  await call.hears(620);
  await call.hangsUp();
});

story('a 200 without SDP after a 183 with it is an answer: what the 183 said stays', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const target = await w.phone('desk').nextCall();
  await target.earlyMedia(700);
  await call.hears(700);
  await target.answers({ sdp: 'none' });
  target.speaks(620);
  await call.answered();
  await Promise.all([call.hears(620), target.hears(440)]);
  await call.hangsUp();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
});

story('a caller without an offer hears of early media as 180, and of dialMusic when a callee rings', async (w) => {
  for (const more of [{}, { dialMusic: 'tone_stream://%(3000,0,800)' }]) {
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, ...more }));
    const call = w.calls({ sdp: 'none' });
    const target = await w.phone('desk').nextCall(w.phone('desk').calls.entries.length);
    assert.deepEqual(provisionals(call), []);
    await target.earlyMedia(700);
    const ringing = await call.rings();
    assert.deepEqual([ringing.status, ringing.sdp], [180, undefined]);
    await target.answers();
    await call.answered();
    await target.hears(440);
    await call.hangsUp();
  }
  const alerts = (await w.account('GET', '/Alerts')).body;
  assert.deepEqual(alerts.data, []);
});

story('early media of a single target reaches the caller, in a 183, and becomes the call', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  const progress = await call.rings();
  assert.equal(progress.status, 183);
  assert.notEqual(progress.sdp, undefined);
  await call.hears(700);
  const target = await w.phone('desk').nextCall();
  await target.answers();
  target.speaks(620);
  await call.answered();
  await Promise.all([call.hears(620), target.hears(440)]);
  await call.hangsUp();
});

story('early media of a single target is heard without answerOnBridge too', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.answered();
  await call.hears(700);
  await call.hangsUp();
});

story('with several targets nobody’s early media is heard', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.phone('hall').onInvite = phones.ringsForEver();
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { answerOnBridge: true }));
  const call = w.calls();
  await w.phone('hall').nextCall();
  const ringing = await call.rings();
  assert.equal(ringing.sdp, undefined, '180 without SDP');
  const desk = await w.phone('desk').nextCall();
  await desk.media?.ears.packets.until(() => true, { what: 'any RTP', within: 300 }).catch(() => {});
  assert.equal(call.media?.ears.firstAudioAt, undefined);
  await desk.answers();
  desk.speaks(620);
  await call.hears(620);
  await call.hangsUp();
});

story('the caller is not heard by a callee that only rings', async (w) => {
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.phone('hall').onInvite = phones.answersAfter(400, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))]));
  const call = w.calls();
  await call.hears(620);
  const desk = await w.phone('desk').nextCall();
  await desk.cancelled();
  assert.equal(desk.media?.ears.firstAudioAt, undefined);
  await call.hangsUp();
});

const music = (hz: number): Buffer => writeWav([Int16Array.from({ length: 4000 }, (_, n) => toneVoice(hz)(n))]);

story('dialMusic from a WAV loops as early media and stops at the bridge', async (w) => {
  w.app.files.set('/music.wav', { type: 'audio/wav', body: music(900) });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, dialMusic: w.app.url('/music.wav') }));
  const call = w.calls();
  const progress = await call.gets((each) => each.status === 183);
  assert.notEqual(progress.sdp, undefined);
  const start = await call.hears(900);
  await call.hears(900, { since: start + 700 });
  const target = await w.phone('desk').nextCall();
  await target.answers();
  target.speaks(620);
  await call.hears(620);
  const bridged = performance.now();
  await call.hears(620, { since: bridged + 100 });
  assert.ok((call.media?.ears.heard(900, { since: bridged }) ?? 0) < -40, 'the music is gone');
  await call.hangsUp();
});

story('dialMusic as a tone is heard from the start on an answered call', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: 'tone_stream://%(2000,0,800)' }));
  const call = w.calls();
  await call.answered();
  await call.hears(800);
  await call.hangsUp();
});

story('dialMusic goes before a single target’s early media', async (w) => {
  w.app.files.set('/music.wav', { type: 'audio/wav', body: music(900) });
  w.phone('desk').onInvite = phones.earlyMedia(700);
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: w.app.url('/music.wav') }));
  const call = w.calls();
  const start = await call.hears(900);
  await call.hears(900, { since: start + 300 });
  assert.ok((call.media?.ears.heard(700) ?? 0) < -40);
  await call.hangsUp();
});

story('dialMusic that cannot be fetched: ringback instead, and an alert', async (w) => {
  w.app.on('/gone.wav', undefined);
  w.app.answers(dial([toSip(w.phone('desk'))], { dialMusic: w.app.url('/gone.wav') }));
  const call = w.calls();
  await call.answered();
  await call.hears(440).catch(() => call.hears(425));
  const alerts = await w.eventually('the alert', async () => {
    const found = await w.alerts('play-url-notfound');
    return found.length > 0 && found;
  });
  assert.match(String(alerts[0]?.['url'] ?? alerts[0]?.['message']), /gone\.wav/);
  await call.hangsUp();
});
