// Vendors on real calls, with keys an account put in by REST: they speak, they fail, the call goes on.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before } from 'node:test';
import { dial, type Json, phones, stage, toneVoice, toSip, writeWav } from '../kit/index.ts';

/** A vendor by jambonz's custom API: says 700 Hz to whoever has the key. */
let vendor: Server;
before(async () => {
  const wav = writeWav([Int16Array.from({ length: 16_000 }, (_, n) => toneVoice(700)(n))], 8000);
  vendor = createServer((request, response) => {
    const known = request.headers.authorization === 'Bearer key-of-kit-1';
    response.writeHead(known ? 200 : 401, { 'content-type': known ? 'audio/wav' : 'text/plain' });
    response.end(known ? wav : `wrong key ${request.headers.authorization}`);
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
});
after(() => {
  vendor.closeAllConnections();
  vendor.close();
});

const story = stage({ phones: ['desk'] });

async function credential(
  w: Parameters<Parameters<typeof story>[1]>[0],
  auth_token: string,
): Promise<() => Promise<void>> {
  const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  const body = { vendor: 'custom:beeper', auth_token, custom_tts_url: `${url}/tts`, custom_stt_url: `${url}/stt` };
  const made = await w.account('POST', '/SpeechCredentials', body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const shown = await w.account('GET', `/SpeechCredentials/${made.body.sid}`);
  assert.doesNotMatch(JSON.stringify(shown.body), /key-of-kit/);
  return async () => void (await w.account('DELETE', `/SpeechCredentials/${made.body.sid}`));
}

const say = (text: string, synthesizer: Json) => ({ verb: 'say', text, synthesizer });

story('say with an account’s own vendor', async (w) => {
  const remove = await credential(w, 'key-of-kit-1');
  w.app.answers([say('Hello.', { vendor: 'custom:beeper' }), { verb: 'hangup' }]);
  const call = w.calls();
  await call.hears(700);
  await call.byed();
  await remove();
});

story('a vendor that refuses the key: an alert without it, and the fallback speaks', async (w) => {
  const remove = await credential(w, 'key-of-kit-2');
  w.app.answers([say('Hello there.', { vendor: 'custom:beeper', fallbackVendor: 'flite' }), { verb: 'hangup' }]);
  const call = w.calls();
  await call.byed();
  assert.ok((call.media?.ears.level({ since: 1 }) ?? -99) > -50, 'flite was heard');
  const alert = await w.eventually('the alert', async () => (await w.alerts('tts-failure'))[0]);
  assert.equal(alert['message'], 'custom:beeper answered 401: the credential was refused');
  assert.doesNotMatch(JSON.stringify(await w.account('GET', '/Alerts?page=1&count=100')), /key-of-kit/);
  await remove();
});

story('a recogniser that is not one: stt-failure once for each party, and the two go on talking', async (w) => {
  const remove = await credential(w, 'key-of-kit-1');
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const transcribe = { transcriptionHook: '/words', recognizer: { vendor: 'custom:beeper' } };
  w.app.answers(dial([toSip(w.phone('desk'))], { transcribe }));
  const call = w.calls();
  await call.answered();
  await w.eventually('the alerts', async () => (await w.alerts('stt-failure')).length === 2);
  const callee = await w.phone('desk').nextCall();
  await Promise.all([call.hears(620), callee.hears(440)]);
  await call.hangsUp();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
  await remove();
});
