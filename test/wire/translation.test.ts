// transcribe.translationHook and listen.transcribe: what is said, as words and in another language. docs/verbs/transcribe.md.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after as afterAll, before } from 'node:test';
import { dial, type Json, ListenerApp, phones, stage, SttVendor, toSip, type World } from '../kit/index.ts';

let ear: ListenerApp;
let stt: SttVendor;
/** LibreTranslate's API: what it was asked, and a text that shows it. */
const asked: Record<string, Json>[] = [];
let status = 200;
const translator = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, Json>;
    asked.push({ ...body, path: request.url });
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ translatedText: `[${body['target']}] ${body['q']}` }));
  });
});
before(async () => {
  ear = await ListenerApp.start();
  stt = await SttVendor.start();
  await new Promise<void>((resolve) => translator.listen(0, '127.0.0.1', resolve));
  translator.unref();
});
afterAll(async () => {
  await ear.close();
  translator.closeAllConnections();
});

const story = stage({ phones: ['desk'] });
const recognizer = { vendor: 'custom:kit', translation: { vendor: 'libretranslate', languages: ['fr', 'de'] } };

/** Credentials of both vendors; the function it resolves with takes them back. */
async function vendors(w: World): Promise<() => Promise<void>> {
  stt.reset();
  asked.length = 0;
  status = 200;
  const forget = await stt.credential(w);
  const base_url = `http://127.0.0.1:${(translator.address() as AddressInfo).port}`;
  const made = await w.account('POST', '/SpeechCredentials', {
    vendor: 'libretranslate',
    api_key: 'k-secret',
    base_url,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return async () => {
    await forget();
    await w.account('DELETE', `/SpeechCredentials/${made.body.sid}`);
  };
}
const streaming = (w: World) =>
  stt.starts.until(() => stt.starts.entries.length > 0, { what: 'a stream', within: 10_000, story: () => w.story() });

story('each final result comes in each language, with what was said and who said it', async (w) => {
  const forget = await vendors(w);
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const transcribe = { transcriptionHook: '/words', translationHook: '/other', channel: 2, recognizer };
  w.app.on('/words', []);
  w.app.on('/other', []);
  w.app.answers(dial([toSip(w.phone('desk'))], { transcribe }));
  const call = w.calls();
  await call.hears(620);
  await streaming(w);
  stt.hears('good mor', { final: false });
  stt.hears('good morning');
  const told = [(await w.next('/other')).body, (await w.next('/other')).body];
  const texts = told.map((body) => (body['translation'] as Json).translation as string).toSorted();
  assert.deepEqual(texts, ['[de] good morning', '[fr] good morning']);
  const { channel, original, source_language, vendor } = told[0]!['translation'] as Json;
  assert.deepEqual(
    [channel, original, source_language, vendor],
    [2, 'good morning', 'en-GB', { name: 'libretranslate' }],
  );
  assert.deepEqual([asked[0]?.['source'], asked[0]?.['path'], asked.length], ['en', '/translate', 2]);
  const words = [(await w.next('/words')).body, (await w.next('/words')).body];
  assert.deepEqual(
    words.map(({ speech }) => (speech as Json).is_final as boolean),
    [false, true],
  );
  await call.hangsUp();
  await w.next('/action');
  await forget();
});

story('a translator that fails: one alert without the key; the words and the talk go on', async (w) => {
  const forget = await vendors(w);
  status = 500;
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const transcribe = { transcriptionHook: '/words', translationHook: '/other', channel: 2, recognizer };
  w.app.on('/words', []);
  w.app.answers(dial([toSip(w.phone('desk'))], { transcribe }));
  const call = w.calls();
  await call.hears(620);
  await streaming(w);
  stt.hears('good morning');
  assert.equal((await w.next('/words')).body['speech'].is_final, true);
  const alert = await w.eventually('the alert', async () =>
    (await w.alerts('stt-failure')).find((each) => JSON.stringify(each).includes('libretranslate')),
  );
  assert.ok(!JSON.stringify(alert).includes('k-secret'));
  stt.hears('still here');
  assert.equal((await w.next('/words')).body['speech'].alternatives[0].transcript, 'still here');
  await call.hangsUp();
  await w.next('/action');
  await forget();
});

story('nobody who translates is configured: an alert names it when the transcription starts', async (w) => {
  const forget = await vendors(w);
  const nobody = { vendor: 'custom:kit', translation: { vendor: 'deepl', languages: ['fr'] } };
  w.app.on('/words', []);
  w.app.answers([{ verb: 'transcribe', transcriptionHook: '/words', translationHook: '/other', recognizer: nobody }]);
  const call = w.calls();
  await call.answered();
  const alert = await w.eventually('the alert', async () =>
    (await w.alerts('no-stt')).find((each) => JSON.stringify(each).includes('deepl')),
  );
  assert.match(JSON.stringify(alert), /no deepl credential for translation/);
  await streaming(w);
  stt.hears('hello');
  assert.equal((await w.next('/words')).body['speech'].channel_tag, 1);
  await call.hangsUp();
  await forget();
});

story(
  'listen.transcribe: the sound goes to the listener and the words to the hook, until the listen ends',
  async (w) => {
    const forget = await vendors(w);
    w.app.on('/words', []);
    w.app.answers([
      {
        verb: 'listen',
        url: ear.url(),
        actionHook: '/listened',
        transcribe: { transcriptionHook: '/words', recognizer },
      },
    ]);
    w.app.on('/listened', [{ verb: 'pause', length: 20 }]);
    const call = w.calls();
    await call.answered();
    const heard = await ear.next();
    await heard.hears(440, { rate: 8000 });
    await streaming(w);
    stt.hears('take this down');
    const { speech } = (await w.next('/words')).body;
    assert.deepEqual([speech.alternatives[0].transcript, speech.channel_tag], ['take this down', 1]);
    heard.send({ type: 'disconnect' });
    await w.next('/listened');
    await stt.stops.until(() => true, { what: 'the end of the stream', within: 10_000, story: () => w.story() });
    await call.hangsUp();
    await forget();
  },
);

story('listen.transcribe in a dial follows the channel of the listen', async (w) => {
  const forget = await vendors(w);
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.on('/words', []);
  const listen = { url: ear.url(), channel: 2, transcribe: { transcriptionHook: '/words', recognizer } };
  w.app.answers(dial([toSip(w.phone('desk'))], { listen }));
  const call = w.calls();
  await call.hears(620);
  await streaming(w);
  stt.hears('from the other side');
  assert.equal((await w.next('/words')).body['speech'].channel_tag, 2);
  await call.hangsUp();
  await w.next('/action');
  await forget();
});
