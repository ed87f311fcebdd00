import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameUri } from './same-uri.ts';
import { formatUri, parseUri } from './uri.ts';

const params = (...entries: Array<[string, string | true]>): Map<string, string | true> => new Map(entries);

const good: Array<[text: string, uri: object]> = [
  ['sip:example.com', { scheme: 'sip', host: 'example.com', params: params() }],
  ['SIP:Bob@Example.COM', { scheme: 'sip', user: 'Bob', host: 'example.com', params: params() }],
  ['sips:a:pw@h:5061', { scheme: 'sips', user: 'a', password: 'pw', host: 'h', port: 5061, params: params() }],
  ['sip:[2001:DB8::1]:5070', { scheme: 'sip', host: '2001:db8::1', port: 5070, params: params() }],
  ['sip:a%20b%40c@h', { scheme: 'sip', user: 'a b@c', host: 'h', params: params() }],
  ['sip:j%C3%B6rg@h', { scheme: 'sip', user: 'jörg', host: 'h', params: params() }],
  [
    'sip:+1555;phone-context=x@h;user=phone',
    { scheme: 'sip', user: '+1555;phone-context=x', host: 'h', params: params(['user', 'phone']) },
  ],
  ['sip:h;LR;Transport=TCP', { scheme: 'sip', host: 'h', params: params(['lr', true], ['transport', 'TCP']) }],
  ['sip:a@h;p=1?X=y&Z=%20', { scheme: 'sip', user: 'a', host: 'h', params: params(['p', '1']), headers: 'X=y&Z=%20' }],
  ['sip:*31#0800@h', { scheme: 'sip', user: '*31#0800', host: 'h', params: params() }],
  ['tel:+1-555-0100', { scheme: 'tel', user: '+1-555-0100', host: '', params: params() }],
  ['tel:110;phone-context=+49', { scheme: 'tel', user: '110', host: '', params: params(['phone-context', '+49']) }],
  ['urn:service:sos', { scheme: 'other', text: 'urn:service:sos', host: '', params: params() }],
  ['sip:my_host.example.com', { scheme: 'sip', host: 'my_host.example.com', params: params() }],
];
for (const [text, uri] of good) {
  test(`${text} is read, printed, and read the same again`, () => {
    const read = parseUri(text)!;
    assert.deepEqual({ ...read, params: new Map(read.params) }, uri);
    const again = parseUri(formatUri(read))!;
    assert.deepEqual({ ...again, params: new Map(again.params) }, uri);
  });
}

test('what is remembered of URIs is bounded, and is never somebody else’s', () => {
  for (let n = 0; n < 2000; n++) assert.equal(parseUri(`sip:u${n}@h`)?.user, `u${n}`);
  assert.equal(parseUri('sip:u7@h')?.user, 'u7');
  const long = `sip:${'x'.repeat(300)}@h`;
  assert.deepEqual(parseUri(long), parseUri(long));
  assert.notEqual(parseUri(long), parseUri(long));
});

const bad = [
  '', 'sip', 'sip:', ':x', 'sip:@h', 'sip:a@', 'sip:a@b@c', 'sip:a b@h', 'sip:a@h b', 'sip:h:', 'sip:h:x', 'sip:h:65536', 'sip:h:-1',
  'sip:a%4@h', 'sip:a%zz@h', 'sip:[::1', 'sip:[1.2.3.4]', 'sip:[::g]', 'sip:2001:db8::1', 'sip:h;', 'sip:h;;a', 'sip:h;=1', 'sip:h;a=1;A=2',
  'sip:h;a="b"', 'sip:a<b@h', 'sip:a"b@h', 'tel:', 'tel:+', 'tel:12 34', 'tel:x', 'sip:ü@h', 'sip:a@hü', 'sip:h?a<b', '1a:b', 'x:a b', 'sip:a\r\n@h',
]; // prettier-ignore
for (const text of bad) {
  test(`${JSON.stringify(text)} is no URI`, () => assert.equal(parseUri(text), undefined));
}

test('a user that would break the URI is escaped when printed', () => {
  assert.equal(
    formatUri({ scheme: 'sip', user: 'a@b:c<d>\r\n%#', host: 'h', params: params() }),
    'sip:a%40b%3Ac%3Cd%3E%0D%0A%25%23@h',
  );
});

// RFC 3261 §19.1.4: its own examples, and tel by RFC 3966 §4.
const equal: Array<[string, string]> = [
  ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5'],
  [
    'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
    'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
  ],
  [
    'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
  ],
  ['tel:+1-555-0100', 'tel:+1(555)0100'],
];
for (const [a, b] of equal) {
  test(`§19.1.4 ${a} equals ${b}`, () => {
    assert.ok(sameUri(parseUri(a)!, parseUri(b)!));
    assert.ok(sameUri(parseUri(b)!, parseUri(a)!));
  });
}
const different: Array<[string, string]> = [
  ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
  ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
  ['sip:a@h', 'sips:a@h'],
  ['sip:a@h', 'sip:a:pw@h'],
  ['tel:110;phone-context=+49', 'tel:110;phone-context=+43'],
  ['tel:110', 'tel:110;phone-context=+43'],
  ['urn:service:sos', 'urn:service:sos.fire'],
];
for (const [a, b] of different) {
  test(`§19.1.4 ${a} differs from ${b}`, () => {
    assert.equal(sameUri(parseUri(a)!, parseUri(b)!), false);
    assert.equal(sameUri(parseUri(b)!, parseUri(a)!), false);
  });
}
