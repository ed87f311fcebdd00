import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceable, traceableText } from './mask.ts';

const harmless = {
  call_sid: 'a',
  sip: { headers: { via: 'SIP/2.0/UDP h' }, body: 'v=0\r\nm=audio 6000 RTP/AVP 0\r\n' },
};
const withSecrets = [
  { api_key: 'hush' },
  { 'Api-Key': 'hush' },
  { list: [{ deep: { userPassword: 'hush' } }] },
  { sip: { raw: 'REGISTER sip:h SIP/2.0\r\nProxy-Authorization: Digest hush\r\n' } },
  { sip: { body: 'v=0\r\nA=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 inline:hush\r\n' } },
  { 'a "quoted" TOKEN': 'hush' },
];

test('secrets of a body are hidden, and its JSON serves as it is only where there are none', () => {
  for (const body of withSecrets) {
    const json = JSON.stringify(body);
    assert.doesNotMatch(JSON.stringify(traceable(body, json.length)), /hush/);
    assert.equal(traceableText(json, json.length), undefined, json);
  }
  const json = JSON.stringify(harmless);
  assert.equal(traceable(harmless, json.length), harmless);
  assert.equal(traceableText(json, json.length), json);
  assert.equal(traceableText(json, 1_000_000), undefined, 'too long');
});
