import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SeededRandom } from '../base/index.ts';
import { chooseCrypto, hideKeys, offeredSuites, readCrypto, srtpSuites } from './crypto.ts';
import { parseSdp } from './description.ts';
import { Negotiation } from './negotiation.ts';
import { policyFault, type Security } from './secure.ts';

const key = (octets: number, fill = 1): string => Buffer.alloc(octets, fill).toString('base64');
const k30 = key(30);
const suite = 'AES_CM_128_HMAC_SHA1_80';

for (const value of [
  `1 ${suite} inline:${k30}`,
  `1 ${suite} inline:${k30}|2^20`,
  `1 ${suite} inline:${k30}|281474976710656`,
  `1 ${suite} inline:${k30} WSH=64`,
  `1 ${suite} inline:${k30} -newer=thing WSH=1`,
])
  test(`taken: ${value.replace(k30, 'KEY')}`, () => {
    assert.deepEqual(readCrypto(value), { tag: 1, suite, masterKey: k30 });
  });

const refused: readonly [string, RegExp][] = [
  [`0 ${suite} inline:${k30}`, /no valid tag/],
  [`1 F8_128_HMAC_SHA1_80 inline:${k30}`, /the suite F8_128_HMAC_SHA1_80 is not spoken/],
  [`1 NULL_HMAC_SHA1_80 inline:${k30}`, /is not spoken/],
  [`1 constructor inline:${k30}`, /is not spoken/],
  [`1 ${suite} inline:${key(16)}`, /the key has not 30 octets/],
  [`1 ${suite} inline:${'*'.repeat(40)}`, /the key has not 30 octets/],
  [`1 ${suite} prompt:${k30}`, /not inline/],
  [`1 ${suite} inline:${k30}|2^20|1:4`, /an MKI is not supported/],
  [`1 ${suite} inline:${k30}|1:4`, /an MKI is not supported/],
  [`1 ${suite} inline:${k30}|2^49`, /the lifetime is not valid/],
  [`1 ${suite} inline:${k30}|0`, /the lifetime is not valid/],
  [`1 ${suite} inline:${k30};inline:${k30}`, /several keys/],
  [`1 ${suite} inline:${k30} UNENCRYPTED_SRTP`, /the parameter UNENCRYPTED_SRTP is not supported/],
  [`1 ${suite} inline:${k30} WSH=64 UNAUTHENTICATED_SRTP`, /the parameter UNAUTHENTICATED_SRTP is not supported/],
  [`1 ${suite} inline:${k30} UNENCRYPTED_SRTCP`, /is not supported/],
  [`1 ${suite} inline:${k30} KDR=3`, /is not supported/],
  [`1 ${suite} inline:${k30} FEC_ORDER=FEC_SRTP`, /is not supported/],
  [`1 ${suite} inline:${k30} SOMETHING`, /the parameter SOMETHING is not supported/],
  ['', /no valid tag/],
  ['x'.repeat(600), /too long/],
];
for (const [value, reason] of refused)
  test(`RFC 4568 §6: refused: ${value.replaceAll(k30, 'KEY').slice(0, 60)}`, () => {
    const read = readCrypto(value);
    assert.ok(typeof read === 'string');
    assert.match(read, reason);
    assert.ok(!read.includes(k30), 'the reason shows no key');
  });

test('any text is read or refused, never thrown at, and the reason never has a whole key', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (text) => {
      const read = readCrypto(`1 ${suite} inline:${k30}${text}`);
      if (typeof read === 'string') assert.ok(!read.includes(k30));
      readCrypto(text);
    }),
    { numRuns: 2000 },
  );
});

test('RFC 4568 §5.1.2: the first line that can be used is taken; without one every reason is told', () => {
  const lines = [
    `1 F8_128_HMAC_SHA1_80 inline:${k30}`,
    `4 ${suite} inline:${k30}`,
    `2 AEAD_AES_128_GCM inline:${key(28)}`,
  ];
  assert.equal((chooseCrypto(lines) as { tag: number }).tag, 4);
  assert.match(String(chooseCrypto(lines.slice(0, 1))), /crypto 1: the suite/);
  assert.equal(chooseCrypto([]), 'it has no a=crypto line');
});

test('a text for other eyes has no key', () => {
  const text = `v=0\r\na=crypto:1 ${suite} inline:${k30}|2^20 WSH=1\r\na=ptime:20\r\n`;
  assert.equal(hideKeys(text), `v=0\r\na=crypto:1 ${suite} inline:***\r\na=ptime:20\r\n`);
});

const random = new SeededRandom(1);
const security = (policy: Security['policy']): Security => ({ policy, bytes: (length) => random.bytes(length) });
const local = { address: '192.0.2.1', port: 40_000, rtcpPort: 40_001 };
const end = (policy: Security['policy']): Negotiation => new Negotiation(local, '7', security(policy));
const sdp = (media: string): Buffer =>
  Buffer.from(`v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n${media}`);
const secure = (line: string, port = 5004): string => `m=audio ${port} RTP/SAVP 0\r\n${line}\r\n`;
const plain = 'm=audio 5006 RTP/AVP 0\r\n';
const line = `a=crypto:3 ${suite} inline:${k30}`;

test('two ends agree: each sends with its own key, in the suite that was answered', () => {
  const [caller, callee] = [end('require'), end('offer')];
  const offer = caller.offer();
  assert.ok(callee.receive(offer).ok);
  const answer = callee.answer();
  assert.ok('sdp' in answer);
  const read = caller.answered(answer.sdp);
  assert.ok(read.ok);
  const [ours, theirs] = [read.agreement.srtp, answer.agreement.srtp];
  assert.equal(ours?.send.suite, offeredSuites[0]);
  assert.deepEqual([ours?.send, ours?.receive], [theirs?.receive, theirs?.send]);
  assert.notEqual(ours?.send.masterKey, ours?.receive.masterKey);
});

test('an offer has a new key for each suite, and no two offers share one', () => {
  const negotiation = end('offer');
  const texts = [1, 2].map(() => negotiation.offer({ srtp: 'offer' }).toString());
  const keys = texts.flatMap((text) => [...text.matchAll(/inline:(\S+)/g)].map(([, each]) => each));
  assert.equal(keys.length, offeredSuites.length * 2);
  assert.equal(new Set(keys).size, keys.length);
  for (const name of offeredSuites) assert.match(texts[0] ?? '', new RegExp(`a=crypto:\\d ${name} inline:`));
  for (const [name, { key: octets, salt }] of Object.entries(srtpSuites))
    for (const [, each] of texts.join('').matchAll(new RegExp(` ${name} inline:(\\S+)`, 'g')))
      assert.equal(Buffer.from(each ?? '', 'base64').length, octets + salt);
});

test('an answer belongs to the offer it answers, whatever was offered elsewhere since', () => {
  const negotiation = end('none');
  const first = negotiation.offer({ srtp: 'require' });
  negotiation.offer({ srtp: 'none' });
  const far = end('offer');
  assert.ok(far.receive(first).ok);
  const answer = far.answer();
  assert.ok('sdp' in answer);
  assert.ok(!negotiation.answered(answer.sdp, false).ok, 'it does not answer the second');
  const read = negotiation.answered(answer.sdp, true, first);
  assert.ok(read.ok && read.agreement.srtp !== undefined);
});

for (const [policy, media, outcome] of [
  ['offer', secure(line), 'SAVP'],
  ['offer', plain, 'AVP'],
  ['offer', plain + secure(line), 'SAVP'],
  ['offer', secure('a=crypto:1 X inline:y') + plain, 'AVP'],
  ['offer', secure('a=crypto:1 X inline:y'), /none of the SRTP keys offered can be used: crypto 1: the suite X/],
  ['offer', secure('a=ptime:20'), /it has no a=crypto line/],
  ['offer', 'm=audio 5004 TCP/RTP/AVP 0\r\n', /this leg speaks RTP\/AVP and RTP\/SAVP/],
  ['require', plain, /SRTP is required here/],
  ['require', secure(line) + plain, 'SAVP'],
  ['none', secure(line), /SRTP is not allowed here/],
  ['none', secure(line) + plain, 'AVP'],
] as const)
  test(`${policy}: an offer of ${[...media.matchAll(/RTP\/\w+/g)].join(' and ')} ${media.includes(' X ') ? 'in a suite nobody knows ' : ''}gets ${String(outcome)}`, () => {
    const negotiation = end(policy);
    const received = negotiation.receive(sdp(media));
    if (outcome instanceof RegExp) {
      assert.ok(!received.ok);
      assert.match(received.fault, outcome);
      return;
    }
    assert.ok(received.ok, JSON.stringify(received));
    const answer = negotiation.answer();
    assert.ok('sdp' in answer);
    assert.match(answer.sdp.toString(), new RegExp(`m=audio 40000 RTP/${outcome} 0\r\n`));
    assert.equal(answer.agreement.srtp !== undefined, outcome === 'SAVP');
    if (outcome === 'SAVP') assert.match(answer.sdp.toString(), new RegExp(`a=crypto:3 ${suite} inline:`));
  });

for (const [what, answer, reason] of [
  ['two keys', secure(`${line}\r\n${line}`), /one a=crypto line/],
  ['no key', secure('a=ptime:20'), /one a=crypto line/],
  ['a tag that was not offered', secure(line.replace(':3', ':9')), /was not offered/],
  ['another suite under the tag', secure(line.replace(':3', ':1')), /was not offered/],
  ['the clear', plain, /in the clear/],
] as const)
  test(`SRTP required: an answer with ${what} is refused`, () => {
    const negotiation = end('require');
    negotiation.offer();
    const read = negotiation.answered(sdp(answer));
    assert.ok(!read.ok);
    assert.match(read.fault, reason);
  });

test('an answer with keys to an offer without is refused', () => {
  const negotiation = end('offer');
  negotiation.offer();
  assert.ok(!negotiation.answered(sdp(secure(line))).ok);
});

test('the caller’s policy is known before anybody is asked; other faults are not its business', () => {
  assert.match(policyFault(sdp(plain), 'require') ?? '', /required/);
  assert.equal(policyFault(sdp(secure(line)), 'offer'), undefined);
  assert.equal(policyFault(Buffer.from('nonsense'), 'require'), undefined);
  assert.equal(policyFault(sdp('m=audio 0 RTP/AVP 0\r\n'), 'require'), undefined);
});

test('keys belong to the m-line they stand in, and not to the session', () => {
  const read = parseSdp(sdp(`${plain}m=audio 5004 RTP/SAVP 0\r\n${line}\r\n`));
  assert.ok(read.ok);
  assert.deepEqual(
    read.sdp.media.map(({ crypto }) => crypto?.length),
    [undefined, 1],
  );
  const above = parseSdp(Buffer.from(sdp(plain).toString().replace('t=0 0', `t=0 0\r\n${line}`)));
  assert.ok(above.ok && above.sdp.media[0]?.crypto === undefined);
});

for (const ours of ['offer', 'answer'] as const) {
  test(`RFC 4568 §7.1.4 the answer to a refresh of our ${ours} may name a new key: it is taken, and ours stays`, () => {
    const bytes = new SeededRandom(3);
    const negotiation = new Negotiation({ address: '192.0.2.1', port: 4000, rtcpPort: 4001 }, '1', {
      policy: 'require',
      bytes: (length) => bytes.bytes(length),
    });
    const theirs = (tag: number, fill: number): Buffer =>
      Buffer.from(
        `v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/SAVP 0\r\n` +
          `a=crypto:${tag} ${suite} inline:${key(30, fill)}\r\n`,
      );
    const tag = ours === 'offer' ? 4 : 7;
    if (ours === 'offer') {
      negotiation.offer();
      assert.ok(negotiation.answered(theirs(tag, 1)).ok);
    } else {
      assert.ok(negotiation.receive(theirs(tag, 1)).ok);
      assert.ok('sdp' in negotiation.answer());
    }
    const before = negotiation.agreement?.srtp;
    assert.equal(negotiation.refreshed(theirs(tag, 1)), undefined, 'nothing new');
    const after = negotiation.refreshed(theirs(tag, 2));
    assert.equal(after?.srtp?.receive.masterKey, key(30, 2));
    assert.deepEqual(after?.srtp?.send, before?.send);
    assert.equal(negotiation.refreshed(Buffer.from('v=0')), undefined);
    assert.equal(negotiation.refreshed(theirs(99, 3)), undefined, 'a key for no line of ours');
    assert.deepEqual(negotiation.agreement, after);
    assert.equal(negotiation.state, 'stable');
  });
}
