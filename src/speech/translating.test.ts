import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, httpVendor, rig } from './fixture.ts';

const who = { accountSid: 'account-1', callSid: 'call-1' };
const hello = { ...who, text: 'Hello', from: 'en-US', to: 'fr' };

// prettier-ignore
const vendors: [vendor: string, settings: Record<string, string>, path: string, secret: string, body: unknown, answer: unknown][] = [
  ['libretranslate', { api_key: 'key-1' }, '/translate', '', { q: 'Hello', source: 'en', target: 'fr', format: 'text', api_key: 'key-1' }, { translatedText: 'Bonjour' }],
  ['deepl', { api_key: 'key-1' }, '/v2/translate', 'DeepL-Auth-Key key-1', { text: ['Hello'], target_lang: 'FR', source_lang: 'EN' }, { translations: [{ text: 'Bonjour' }] }],
  ['google', { api_key: 'key-1' }, '/language/translate/v2', '', { q: 'Hello', target: 'fr', source: 'en', format: 'text' }, { data: { translations: [{ translatedText: 'Bonjour' }] } }],
  ['custom:mine', { auth_token: 'key-1' }, '/mine', 'Bearer key-1', { text: 'Hello', from: 'en-US', to: 'fr' }, { translation: 'Bonjour' }],
];
for (const [vendor, settings, path, secret, body, answer] of vendors)
  test(`${vendor} is asked by its own protocol`, async (t) => {
    const asked: Asked[] = [];
    const origin = await httpVendor(t, (request, response) => {
      asked.push(request);
      response.end(JSON.stringify(answer));
    });
    const place = vendor.startsWith('custom:') ? { custom_translate_url: `${origin}/mine` } : { base_url: origin };
    const { speech } = rig(t, { translate: { default: vendor, [vendor]: { ...settings, ...place } } });
    assert.equal(speech.canTranslate(who, {}), true);
    assert.deepEqual(await speech.translate({ ...hello, choice: {} }), { ok: true, text: 'Bonjour', vendor });
    assert.equal(asked[0]?.url, path);
    assert.equal(asked[0]?.headers.authorization ?? '', secret);
    assert.deepEqual(JSON.parse(String(asked[0]?.body)), body);
  });

test('what is not set up, not known, refused or garbage is an alert that names the vendor and never the key', async (t) => {
  const origin = await httpVendor(t, ({ url }, response) => {
    response.writeHead(url === '/bad' ? 403 : 200);
    response.end(url === '/bad' ? 'no key-secret' : '{"translation": 5}');
  });
  const { speech, alerts } = rig(t, {
    translate: {
      'custom:bad': { custom_translate_url: `${origin}/bad`, auth_token: 'key-secret' },
      'custom:odd': { custom_translate_url: `${origin}/odd`, auth_token: 'key-secret' },
    },
  });
  assert.equal(speech.canTranslate(who, {}), false);
  assert.equal(speech.canTranslate(who, { vendor: 'acme' }), false);
  assert.equal(speech.canTranslate(who, { vendor: 'deepl' }), false);
  for (const vendor of ['custom:bad', 'custom:odd'])
    assert.equal((await speech.translate({ ...hello, choice: { vendor } })).ok, false);
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['no-stt', 'no-stt', 'no-stt', 'stt-failure', 'stt-failure'],
  );
  const said = alerts.map(({ message }) => message).join('\n');
  for (const name of ['speech.translate.default', 'acme', 'deepl', 'custom:bad', 'custom:odd'])
    assert.match(said, new RegExp(name));
  assert.ok(!said.includes('key-secret'));
});

test('a vendor that is silent is left after its time', async (t) => {
  const origin = await httpVendor(t, () => {});
  const { speech } = rig(t, {
    translate: { 'custom:mute': { custom_translate_url: origin } },
    timeoutMs: 200,
  });
  const made = await speech.translate({ ...hello, choice: { vendor: 'custom:mute' } });
  assert.equal(made.ok, false);
});

test('an account’s credential obeys the address rules', async (t) => {
  const origin = await httpVendor(t, (_, response) => response.end('{"translation": "x"}'));
  const settings = { custom_translate_url: origin };
  const credential = {
    sid: '1',
    accountSid: 'account-1',
    vendor: 'custom:own',
    useForTts: true,
    useForStt: true,
    settings,
  };
  const { speech } = rig(t, { account: [credential] });
  const made = await speech.translate({ ...hello, choice: { vendor: 'custom:own' } });
  assert.ok(!made.ok && /private address/.test(made.message), JSON.stringify(made));
});
