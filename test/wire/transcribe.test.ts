// transcribe on real calls: what is said into the phones comes out at the hook as words. reference.md 1.13, 5.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { dial, ensureEars, type Json, phones, spoken, stage, toSip, type World } from '../kit/index.ts';

const speech: Record<'caller' | 'callee', Int16Array> = { caller: new Int16Array(0), callee: new Int16Array(0) };
before(async () => {
  ensureEars();
  speech.caller = await spoken('I would like to order three apple pies for tomorrow morning.');
  speech.callee = await spoken('The kitchen is closed on Monday. Please call again.', 'rms');
});

const story = stage({ phones: ['desk'] });
/** Recognition is work for the machine, and others may work on it too. */
const patient = 60_000;

/** A final result of a channel with these words; on a loaded machine a sentence may come in two. */
async function final(w: World, channel: number, words = /./): Promise<Record<string, Json>> {
  const request = await w.app.requests.until(
    ({ path, body }) =>
      path === '/words' &&
      body['speech'].channel_tag === channel &&
      body['speech'].is_final &&
      words.test(heardOf(body)),
    { what: `${words} of channel ${channel}`, within: patient, story: () => w.story() },
  );
  return request.body;
}

function heardOf(body: Record<string, Json>): string {
  return String(body['speech'].alternatives[0].transcript).toLowerCase();
}

async function talk(w: World, transcribe: Json): Promise<ReturnType<World['calls']>> {
  w.app.on('/words', []);
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: speech.callee });
  w.app.answers(dial([toSip(w.phone('desk'))], { transcribe }));
  const call = w.calls();
  await call.answered();
  call.media?.speaks(speech.caller);
  return call;
}

async function ends(w: World, call: ReturnType<World['calls']>): Promise<void> {
  await call.hangsUp();
  await w.next('/action');
}

story('nested in dial: both parties, each under its channel_tag, with the parent call’s fields', async (w) => {
  const call = await talk(w, { transcriptionHook: '/words' });
  const [mine, theirs] = [await final(w, 1, /order three|apple/), await final(w, 2, /kitchen|closed/)];
  const parent = (await w.next('/call')).body['call_sid'];
  for (const body of [mine, theirs]) assert.equal(body['call_sid'], parent);
  assert.deepEqual(mine['speech'].vendor, { name: 'moonshine' });
  assert.equal(mine['speech'].language_code, 'en-US');
  const { confidence } = mine['speech'].alternatives[0];
  assert.ok(confidence > 0.5 && confidence <= 1, `confidence ${confidence}`);
  assert.ok(
    w.app.all('/words').every(({ body }) => body['speech'].is_final),
    'no interim results unless asked for',
  );
  await ends(w, call);
});

story('channel 2 hears the callee only', async (w) => {
  const call = await talk(w, { transcriptionHook: '/words', channel: 2 });
  await final(w, 2);
  await ends(w, call);
  assert.ok(w.app.all('/words').every(({ body }) => body['speech'].channel_tag === 2));
});

story('interim results come before the final one', async (w) => {
  const call = await talk(w, { transcriptionHook: '/words', channel: 1, recognizer: { interim: true } });
  await final(w, 1);
  const all = w.app.all('/words').map(({ body }) => body['speech'].is_final as boolean);
  assert.ok(all.indexOf(true) > 0, `interim first: ${JSON.stringify(all)}`);
  await ends(w, call);
});

story('as a verb: the caller’s words, and verbs the hook answers with replace it', async (w) => {
  w.app.on('/words', [{ verb: 'hangup', headers: { 'X-Heard': 'yes' } }]);
  w.app.answers([{ verb: 'transcribe', transcriptionHook: '/words' }]);
  const call = w.calls();
  await call.answered();
  call.media?.speaks(speech.caller);
  assert.equal((await call.byed()).get('x-heard'), 'yes');
  await final(w, 1, /order|apple|morning/);
});

story('transcribe_status pause and resume by REST', async (w) => {
  w.app.on('/words', []);
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { transcribe: { transcriptionHook: '/words', channel: 1 } }));
  const call = w.calls();
  await call.hears(620);
  const sid = (await w.next('/call')).body['call_sid'] as string;
  const set = (transcribe_status: string) => w.update(sid, { transcribe_status });
  await w.eventually('it can be paused', async () => (await set('pause')).status === 202);
  call.media?.speaks(speech.caller);
  // The callee has heard the whole sentence, and a second more: so has the server.
  const heard = (await w.phone('desk').nextCall()).media?.ears.packets;
  const before = heard?.entries.length ?? 0;
  await heard?.until(() => heard.entries.length > before + speech.caller.length / 160 + 50, {
    what: 'the sentence at the callee',
    within: patient,
  });
  assert.equal((await set('resume')).status, 202);
  call.media?.speaks(speech.callee);
  await final(w, 1, /kitchen|closed/);
  assert.ok(!w.app.all('/words').some(({ body }) => heardOf(body).includes('order')), 'nothing was heard while paused');
  await ends(w, call);
  assert.equal((await set('pause')).status, 422);
});

story('a vendor that is not there: alert no-stt, the talk goes on', async (w) => {
  const call = await talk(w, { transcriptionHook: '/words', recognizer: { vendor: 'acme' } });
  await w.eventually('the alert', async () => (await w.alerts('no-stt')).length > 0);
  const callee = await w.phone('desk').nextCall();
  call.speaks(700);
  await callee.hears(700);
  await ends(w, call);
});

story('the fallback vendor hears what was said before the first gave up', async (w) => {
  const recognizer = { vendor: 'moonshine', language: 'de-DE', fallbackVendor: 'moonshine', fallbackLanguage: 'en-GB' };
  const call = await talk(w, { transcriptionHook: '/words', channel: 1, recognizer });
  assert.equal((await final(w, 1))['speech'].language_code, 'en-GB');
  await ends(w, call);
});
