import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSdp } from './description.ts';
import { readPlain } from './plain.ts';

const address = fc.constantFrom('192.0.2.1', '0.0.0.0', '2001:db8::1', 'host.example.test');
const connection = address.map((ip) => `c=IN IP${ip.includes(':') ? 6 : 4} ${ip}`);
const payload = fc.oneof(fc.constantFrom(0, 8, 9, 18, 96, 101, 127), fc.integer({ min: 0, max: 999 }));
const attribute = fc.oneof(
  payload.map((each) => `a=rtpmap:${each} PCMU/8000`),
  payload.map((each) => `a=rtpmap:${each} telephone-event/8000`),
  payload.map((each) => `a=rtpmap:${each} opus/48000/2`),
  payload.map((each) => `a=fmtp:${each} 0-15`),
  payload.map((each) => `a=fmtp:${each} mode-set=1; x=2`),
  fc.constantFrom('a=ptime:20', 'a=ptime:0', 'a=maxptime:40', 'a=sendrecv', 'a=sendonly', 'a=inactive', 'b=AS:64'),
  fc.constantFrom(
    'a=ptime: 20',
    'a=ptime:x',
    'a=rtpmap:0',
    'a=rtpmap:0 PCMU',
    'a=fmtp:0 ',
    'a=rtcp:5005',
    'a=SendRecv',
    'a=',
    'x',
    '',
  ),
);
const body = fc
  .record({
    session: fc.option(connection),
    media: fc.option(connection),
    port: fc.oneof(fc.constantFrom('5004', '0', '65535', '65536', '99999'), fc.constant('5004/2')),
    payloads: fc.array(payload, { minLength: 1, maxLength: 6 }),
    attributes: fc.array(attribute, { maxLength: 8 }),
    end: fc.constantFrom('\r\n', '\n'),
  })
  .map(({ session, media, port, payloads, attributes, end }) =>
    [
      'v=0',
      'o=- 12 34 IN IP4 192.0.2.9',
      's=-',
      session,
      't=0 0',
      `m=audio ${port} RTP/AVP ${payloads.join(' ')}`,
      media,
      ...attributes,
      '',
    ]
      .filter((line) => line !== null)
      .join(end),
  );

/** The same body with an attribute the plain reader does not know: the library must read it. */
const forced = (text: string) => `${text}${text.endsWith('\n') ? '' : '\r\n'}a=x-unknown:1\r\n`;

test('what the plain reader reads, the library reads the same', () => {
  let plain = 0;
  fc.assert(
    fc.property(body, (text) => {
      if (readPlain(text) === undefined) return;
      plain++;
      assert.equal(readPlain(forced(text)), undefined);
      assert.deepEqual(parseSdp(Buffer.from(text)), parseSdp(Buffer.from(forced(text))));
    }),
    { numRuns: 3000, seed: 7 },
  );
  assert.ok(plain > 300, `only ${plain} bodies were plain`);
});

test('what one body said of its codecs is known of the next, which keeps its own address and port', () => {
  fc.assert(
    fc.property(body, (text) => {
      const before = text.replace(/m=audio \d+ /, 'm=audio 6004 ').replaceAll('192.0.2.1', '198.51.100.7');
      parseSdp(Buffer.from(before));
      assert.deepEqual(parseSdp(Buffer.from(text)), parseSdp(Buffer.from(forced(text))));
    }),
    { numRuns: 3000, seed: 11 },
  );
  const plain = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n';
  const read = parseSdp(Buffer.from(plain));
  const next = parseSdp(Buffer.from(plain.replace('5004', '5006')));
  assert.ok(read.ok && next.ok);
  assert.equal(read.sdp.media[0]?.formats, next.sdp.media[0]?.formats, 'the same object');
});

test('any bytes are read or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      readPlain(text);
      parseSdp(Buffer.from(`v=0\r\n${text}`));
    }),
    { numRuns: 2000 },
  );
});

for (const [what, line] of [
  ['a second media line', 'm=video 6000 RTP/AVP 96'],
  ['an attribute it does not know', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x'],
  ['a line that is none', 'hello'],
] as const) {
  test(`${what} is left to the library`, () => {
    const text = `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n${line}\r\n`;
    assert.equal(readPlain(text), undefined);
  });
}
