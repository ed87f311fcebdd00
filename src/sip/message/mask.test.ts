import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskSecrets } from './mask.ts';
import { headerValueFault, isProtectedHeader } from './protected.ts';

const message = (...lines: string[]): Buffer =>
  Buffer.from(['REGISTER sip:h SIP/2.0', ...lines, '', 'response="body"'].join('\r\n'));

test('D7 the response of credentials is starred out, everything else stays, and so does the length', () => {
  const bytes = message(
    'Authorization: Digest username="u", response="0123456789abcdef", nonce="n"',
    'X: response="kept"',
  );
  const masked = maskSecrets(bytes);
  assert.equal(masked.toString(), bytes.toString().replace('0123456789abcdef', '*'.repeat(16)));
  assert.notEqual(masked, bytes);
});

test('D7 no spelling of it escapes', () => {
  const spellings = [
    'proxy-AUTHORIZATION : Digest response="SECRET"',
    'Authorization: Digest username="u",\r\n RESPONSE = "SECRET"',
    'Authorization: Digest response=SECRET',
    'Authorization:Digest response="SECRET',
    'Authorization: Digest realm="response", response="SECRET"',
  ];
  for (const each of spellings)
    assert.doesNotMatch(maskSecrets(message('A: 1', each, 'B: 2')).toString(), /SECRET/, each);
  assert.doesNotMatch(maskSecrets(Buffer.from('X\r\nAuthorization: Digest response="SECRET"')).toString(), /SECRET/);
});

test('a message without credentials is not copied', () => {
  const bytes = message('Via: SIP/2.0/UDP h', 'Allow: INVITE', 'Priority: urgent');
  assert.equal(maskSecrets(bytes), bytes);
});

for (const name of [
  'Via',
  'v',
  'FROM',
  'f',
  't',
  'Call-ID',
  'i',
  'cseq',
  'm',
  'Route',
  'record-route',
  'Max-Forwards',
  'Content-Length',
  'l',
  'c',
  'Content-Disposition',
  'content-anything',
  'Authorization',
  'Proxy-Authorization',
  'Identity',
  'y',
]) {
  test(`D1 an application may not set ${name}`, () => {
    assert.ok(isProtectedHeader(name));
    assert.match(headerValueFault(name, 'x') ?? '', /may not be set/);
  });
}

test('D1 names and values that break a message are refused with the reason', () => {
  assert.equal(headerValueFault('X-Customer', 'Zoë, 12'), undefined);
  assert.match(headerValueFault('X:Y', 'a') ?? '', /name/);
  assert.match(headerValueFault('X ', 'a') ?? '', /name/);
  assert.match(headerValueFault('', 'a') ?? '', /name/);
  for (const value of ['a\r\nb', 'a\nb', 'a\rb', 'a\0b'])
    assert.match(headerValueFault('X-A', value) ?? '', /line break/);
  assert.match(headerValueFault('X-A', 'a'.repeat(2049)) ?? '', /longer/);
  assert.match(headerValueFault('X-A', 'a\ud800') ?? '', /Unicode/);
});
