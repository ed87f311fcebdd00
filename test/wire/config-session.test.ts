// config: what goes on beside the verbs, and what later dials fall back on. reference.md 5, 1.12, 1.14.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, beforeEach } from 'node:test';
import { sequence, silence, speech } from '../../src/media/detect/speechlike.ts';
import { dial, type Json, loudest, phones, readWav, stage, SttVendor, toSip, type World } from '../kit/index.ts';

const vendor = await SttVendor.start();
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => vendor.reset());

const story = stage({ phones: ['desk', 'hall'], config: { media: { recordings: folder } } });
const hold = { verb: 'pause', length: 600 };
const long = { verb: 'play', url: 'tone_stream://%(20000,0,800)' };
const config = (options: object) => ({ verb: 'config', ...options });

async function listening(): Promise<void> {
  await vendor.sound.until(() => true, { what: 'sound at the vendor', within: 20_000 });
}

function talking(w: World, options: object, more: Record<string, Json> = {}): ReturnType<World['calls']> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.phone('hall').onInvite = phones.answersAfter(10, { tone: 880 });
  w.app.answers([config(options), ...dial([toSip(w.phone('desk'))], more)]);
  return w.calls();
}

story('record: from the answer to the stop, with both parties', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers([
    config({ record: { action: 'startCallRecording', recordingID: 'case 7' } }),
    ...dial([toSip(w.phone('desk'))]),
  ]);
  w.app.on('/action', [config({ record: { action: 'stopCallRecording' } }), hold]);
  const call = w.calls();
  await call.hears(620);
  const callee = await w.phone('desk').nextCall();
  await callee.hears(440);
  await callee.hangsUp();
  const sid = (await w.next('/call')).body['call_sid'] as string;
  const file = await w.eventually('the end of the recording', async () => {
    const timeline = JSON.stringify((await w.account('GET', `/Calls/${sid}/Trace`)).body);
    return timeline.includes('recording.stopped') && /[^"]+\.wav/.exec(timeline)?.[0];
  });
  const [left, right] = readWav(readFileSync(file)).channels;
  assert.ok(left !== undefined && right !== undefined);
  assert.ok(loudest(left, 440) > -40 && loudest(right, 620) > -40);
  await call.hangsUp();
});

story('transcribe: the caller’s words, while other verbs run, until it is switched off', async (w) => {
  const remove = await vendor.credential(w);
  const transcribe = { enable: true, transcriptionHook: '/words', recognizer: { vendor: vendor.vendor } };
  w.app.answers([{ verb: 'answer' }, config({ transcribe }), { verb: 'gather', numDigits: 1, actionHook: '/off' }]);
  w.app.on('/words', []);
  w.app.on('/off', [config({ transcribe: { enable: false } }), hold]);
  const call = w.calls();
  await call.answered();
  await listening();
  vendor.hears('good day');
  const { body } = await w.next('/words');
  assert.deepEqual([body['speech'].channel_tag, body['speech'].alternatives[0].transcript], [1, 'good day']);
  await call.presses('1', 60);
  await w.next('/off');
  await vendor.stops.until((each) => each === 'stop', { what: 'the stop of the stream' });
  await call.hangsUp();
  await w.status((status) => status['call_status'] === 'completed');
  await remove();
});

story('earlyMedia: a 183, and what this config begins begins before the answer', async (w) => {
  const remove = await vendor.credential(w);
  const transcribe = { transcriptionHook: '/words', recognizer: { vendor: vendor.vendor } };
  w.app.answers([config({ earlyMedia: true, transcribe }), { verb: 'pause', length: 60 }]);
  w.app.on('/words', [{ verb: 'sip:decline', status: 486 }]);
  const call = w.calls();
  await listening();
  vendor.hears('hello');
  assert.equal((await call.refused()).status, 486);
  assert.ok(call.received.entries.some((each) => each.status === 183));
  await remove();
});

story('amd: who is at the other end of this call', async (w) => {
  w.app.answers([{ verb: 'answer' }, config({ amd: { actionHook: '/amd' } }), hold]);
  w.app.on('/amd', []);
  const call = w.calls();
  await call.answered();
  call.media?.speaks(sequence([silence(300), speech(900), silence(2000)]));
  const { body } = await w.next('/amd', 20_000);
  assert.equal(body['type'], 'amd_human_detected');
  await call.hangsUp();
});

const music = { onHoldMusic: 'tone_stream://%(300,100,880)' };

story('onHoldMusic: who is held hears it, for as long as it lasts; then the two talk again', async (w) => {
  const call = talking(w, music);
  await call.hears(620);
  const desk = await w.phone('desk').nextCall();
  await desk.hears(440);
  assert.equal((await desk.holds()).status, 200);
  // Looped: it is heard again and again.
  for (let n = 0; n < 3; n++) await call.hears(880);
  assert.equal(call.received.entries.filter((each) => each.isRequest && each.method === 'INVITE').length, 0);
  assert.equal((await desk.resumes()).status, 200);
  await Promise.all([call.hears(620), desk.hears(440)]);
  assert.equal((await call.holds()).status, 200);
  await desk.hears(880);
  await call.hangsUp();
  await desk.byed();
});

story('a dial that would leave the media path stays where its music is', async (w) => {
  const call = talking(w, music, { exitMediaPath: true });
  await call.hears(620);
  await w.eventually('the alert', async () =>
    (await w.alerts('media-failure')).some((each) => /config\.onHoldMusic/.test(String(each['message']))),
  );
  const desk = await w.phone('desk').nextCall();
  await desk.holds();
  await call.hears(880);
  await call.hangsUp();
});

story('onHoldMusic gives way to the onHoldHook of a dial', async (w) => {
  const call = talking(w, music, { onHoldHook: '/hold' });
  w.app.on('/hold', [{ verb: 'play', url: 'tone_stream://%(2000,0,1000)' }]);
  await call.hears(620);
  const desk = await w.phone('desk').nextCall();
  await desk.holds();
  await call.hears(1000);
  await w.next('/hold');
  await call.hangsUp();
});

const refer = { headers: [['Refer-To', '<sip:carol@127.0.0.1:9>']] } as const;

story('referHook: the caller’s REFER in a dial without a hook of its own; the callee’s is refused', async (w) => {
  const call = talking(w, { referHook: '/refer' });
  await call.hears(620);
  const desk = await w.phone('desk').nextCall();
  assert.equal((await desk.request('REFER', refer)).status, 603);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))], { actionHook: '/second' }));
  assert.equal((await call.request('REFER', refer)).status, 202);
  const { body } = await w.next('/refer');
  assert.equal(body['refer_details'].referring_call_sid, body['call_sid']);
  await desk.hears(880);
  await desk.hangsUp();
});

story('referHook: a caller in no dial refers, is told how it goes, and the verbs take over', async (w) => {
  w.phone('hall').onInvite = phones.answersAfter(10, { tone: 880 });
  w.app.answers([{ verb: 'answer' }, config({ referHook: '/refer' }), long]);
  w.app.on('/refer', () => dial([toSip(w.phone('hall'))]));
  const call = w.calls();
  await call.hears(800);
  assert.equal((await call.request('REFER', refer)).status, 202);
  const details = (await w.next('/refer')).body['refer_details'] as Json;
  assert.deepEqual([details.refer_to_user, details.referred_call_sid], ['carol', undefined]);
  await call.hears(880);
  const last = await call.gets((each) => each.method === 'NOTIFY' && each.body.toString().startsWith('SIP/2.0 200'));
  assert.match(last.get('subscription-state') ?? '', /^terminated/);
  await call.hangsUp();
  await w.next('/action');
});

story('what of a config’s parts cannot be done is refused by its path', async (w) => {
  w.app.answers([
    config({
      record: { action: 'startCallRecording', siprecServerURL: 'sip:rec.example.test' },
      transcribe: { earlyMedia: true },
      amd: { gate: true },
    }),
  ]);
  await w.calls().refused();
  const alert = await w.eventually('the alert', async () =>
    (await w.alerts('invalid-app-payload')).find((each) => JSON.stringify(each).includes('siprecServerURL')),
  );
  assert.match(JSON.stringify(alert), /\[0\]\.transcribe\.transcriptionHook/);
  assert.match(JSON.stringify(alert), /\[0\]\.amd\.gate/);
});
