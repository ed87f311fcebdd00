import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSdp } from './description.ts';
import { Negotiation } from './negotiation.ts';

const local = { address: '192.0.2.1', port: 40_000, rtcpPort: 40_001 };
const sdp = (audio: string, extra = '') =>
  Buffer.from(`v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n${audio}\r\n${extra}`);
const both = sdp(
  'm=audio 5004 RTP/AVP 8 0 101',
  'a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\n',
);

function answerTo(offer: Buffer, options = {}) {
  const negotiation = new Negotiation(local, '7');
  const received = negotiation.receive(offer);
  assert.ok(received.ok, JSON.stringify(received));
  const answer = negotiation.answer(options);
  assert.ok('sdp' in answer, JSON.stringify(answer));
  return { text: answer.sdp.toString(), agreement: answer.agreement, negotiation };
}

test('RFC 3264 §6 an answer keeps to what was offered, in our order, with the offerer’s numbers', () => {
  const { text, agreement } = answerTo(both);
  assert.match(text, /m=audio 40000 RTP\/AVP 0 8 101\r\n/);
  assert.deepEqual(
    agreement.payloads.map((each) => `${each.format.codec}/${each.send}`),
    ['PCMU/0', 'PCMA/8', 'TELEPHONE-EVENT/101'],
  );
  assert.deepEqual(agreement.remote, { address: '198.51.100.2', port: 5004 });
  assert.equal(agreement.ptime, 30);
});

test('a preferred codec comes first in offers and answers', () => {
  const pcma = { payload: 8, codec: 'PCMA', clockRate: 8000, channels: 1 };
  assert.match(answerTo(both, { prefer: [pcma] }).text, /RTP\/AVP 8 0 101/);
  assert.match(new Negotiation(local, '7').offer({ prefer: [pcma] }).toString(), /RTP\/AVP 8 0 101/);
});

test('RFC 3264 §6 lines we do not take stand in the answer with port 0, in their place', () => {
  const offer = sdp('m=video 6000 RTP/AVP 96\r\nm=audio 5004 RTP/AVP 0', '');
  assert.match(answerTo(offer).text, /m=video 0 RTP\/AVP 96\r\nm=audio 40000 RTP\/AVP 0\r\n/);
});

for (const [offered, answered] of [
  ['sendonly', 'recvonly'],
  ['recvonly', 'sendonly'],
  ['inactive', 'inactive'],
  ['sendrecv', 'sendrecv'],
]) {
  test(`RFC 3264 §6.1 ${offered} is answered with ${answered}`, () => {
    const { text } = answerTo(sdp('m=audio 5004 RTP/AVP 0', `a=${offered}\r\n`));
    assert.ok(text.endsWith(`a=${answered}\r\n`), text);
  });
}

test('RFC 3264 §8.4 a c-line of 0.0.0.0 is a hold', () => {
  const held = Buffer.from(both.toString().replaceAll('198.51.100.2', '0.0.0.0'));
  assert.equal(answerTo(held).agreement.direction, 'recvonly');
});

test('an answer to our offer is read with our numbers for receiving and theirs for sending', () => {
  const negotiation = new Negotiation(local, '7');
  negotiation.offer();
  const read = negotiation.answered(sdp('m=audio 5004 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/8000\r\n'));
  assert.ok(read.ok);
  assert.deepEqual(
    read.agreement.payloads.map(({ receive, send }) => [receive, send]),
    [
      [0, 0],
      [101, 96],
    ],
  );
});

test('early media may be answered again by the final answer', () => {
  const negotiation = new Negotiation(local, '7');
  negotiation.offer();
  assert.ok(negotiation.answered(both, false).ok);
  assert.equal(negotiation.state, 'local-offer');
  assert.ok(negotiation.answered(sdp('m=audio 7000 RTP/AVP 8')).ok);
  assert.equal(negotiation.agreement?.remote.port, 7000);
});

test('out of order: an offer over our own, an answer nobody asked for', () => {
  const negotiation = new Negotiation(local, '7');
  assert.equal(negotiation.answered(both).ok, false);
  negotiation.offer();
  assert.equal(negotiation.receive(both).ok, false);
  negotiation.rollback();
  assert.equal(negotiation.receive(both).ok, true);
});

test('nothing in common is said so', () => {
  const negotiation = new Negotiation(local, '7');
  assert.ok(negotiation.receive(sdp('m=audio 5004 RTP/AVP 18')).ok);
  assert.deepEqual(negotiation.answer(), { fault: 'no codec in common' });
});

const hostile: readonly [string, Buffer][] = [
  ['empty', Buffer.alloc(0)],
  ['not SDP', Buffer.from('hello')],
  ['NUL', Buffer.from('v=0\r\n\0')],
  ['no m-line', Buffer.from('v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n')],
  ['a payload type of 4294967296', sdp('m=audio 5004 RTP/AVP 4294967296')],
  ['a port of 65536', sdp('m=audio 65536 RTP/AVP 0')],
  ['50 m-lines', sdp(Array.from({ length: 50 }, () => 'm=audio 5004 RTP/AVP 0').join('\r\n'))],
  ['1000 formats', sdp(`m=audio 5004 RTP/AVP ${Array.from({ length: 1000 }, (_, i) => i % 128).join(' ')}`)],
  ['40 kB', Buffer.concat([both, Buffer.alloc(40_000, 0x61)])],
  ['random bytes', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) % 256))],
];
for (const [name, bytes] of hostile) {
  test(`attack E5: an SDP with ${name} is refused with a reason`, () => {
    const read = parseSdp(bytes);
    assert.ok(!read.ok && read.fault.length > 0);
  });
}

test('a rejected audio line, SRTP and odd clock rates leave nothing to talk with', () => {
  for (const line of ['m=audio 0 RTP/AVP 0', 'm=audio 5004 RTP/SAVP 0'])
    assert.equal(new Negotiation(local, '7').receive(sdp(line)).ok, false);
  const read = parseSdp(sdp('m=audio 5004 RTP/AVP 96 97', 'a=rtpmap:96 PCMU/0\r\na=rtpmap:97 X/99999999\r\n'));
  assert.ok(read.ok && read.sdp.media[0]?.formats.length === 0);
});

test('RFC 3389 §4 comfort noise is agreed to where it is offered, and offered where the other leg has it', () => {
  const cn = { payload: 13, codec: 'CN', clockRate: 8000, channels: 1 };
  const { text, agreement, negotiation } = answerTo(
    sdp('m=audio 5004 RTP/AVP 13 0 101', 'a=rtpmap:101 telephone-event/8000\r\n'),
  );
  assert.match(text, /RTP\/AVP 0 13 101\r\na=rtpmap:0 PCMU\/8000\r\na=rtpmap:13 CN\/8000\r\n/);
  assert.deepEqual(
    agreement.payloads.map((each) => each.send),
    [0, 13, 101],
  );
  assert.match(negotiation.offer().toString(), /RTP\/AVP [\d ]* 13 101/, 'an offer later on still has it');
  assert.match(new Negotiation(local, '7').offer({ prefer: [cn] }).toString(), /RTP\/AVP 0 8 13 101/);
  assert.doesNotMatch(new Negotiation(local, '7').offer().toString(), / 13 /);
});

test('an answer of nothing but comfort noise and keys shares no codec', () => {
  const negotiation = new Negotiation(local, '7');
  negotiation.offer({ prefer: [{ payload: 13, codec: 'CN', clockRate: 8000, channels: 1 }] });
  assert.equal(
    negotiation.answered(sdp('m=audio 5004 RTP/AVP 13 101', 'a=rtpmap:101 telephone-event/8000\r\n')).ok,
    false,
  );
});

test('RFC 8866 §6.4 packets are as long as the far end asks for, and no longer than it can take', () => {
  const ptime = (extra: string) => answerTo(sdp('m=audio 5004 RTP/AVP 0', extra)).agreement.ptime;
  assert.deepEqual(
    [
      '',
      'a=ptime:40\r\n',
      'a=ptime:40\r\na=maxptime:30\r\n',
      'a=maxptime:10\r\n',
      'a=maxptime:60\r\n',
      'a=maxptime:0\r\n',
    ].map(ptime),
    [20, 40, 30, 10, 20, 20],
  );
});

const events = { codec: 'TELEPHONE-EVENT', clockRate: 8000, channels: 1 };
const offers = (negotiation: Negotiation, prefer: readonly object[]) =>
  /m=audio \d+ RTP\/AVP ([\d ]+)/.exec(negotiation.offer({ prefer: prefer as never }).toString())?.[1];

test('keys are offered by the number that the other leg has for them, so that its packets pass as they are', () => {
  const negotiation = new Negotiation(local, '7');
  const text = negotiation.offer({ prefer: [{ ...events, payload: 126 }] }).toString();
  assert.match(text, /RTP\/AVP 0 8 126\r\n(?:a=.*\r\n)*a=rtpmap:126 telephone-event\/8000\r\na=fmtp:126 0-15/);
  const answer = sdp('m=audio 5004 RTP/AVP 0 126', 'a=rtpmap:126 telephone-event/8000\r\n');
  const answered = negotiation.answered(answer);
  assert.ok(answered.ok);
  assert.deepEqual(
    answered.agreement.payloads.map(({ receive, send }) => [receive, send]),
    [
      [0, 0],
      [126, 126],
    ],
  );
  assert.equal(offers(negotiation, [{ ...events, payload: 96 }]), '0 8 126', 'RFC 3264 §8.3.2 the number stays');
});

test('a number is given once, and never one of those that are fixed', () => {
  const all = { ...local, codecs: ['PCMU', 'PCMA', 'OPUS'] };
  const opus = { payload: 101, codec: 'OPUS', clockRate: 48_000, channels: 2 };
  assert.equal(offers(new Negotiation(all, '7'), [opus]), '101 0 8 96 110');
  assert.equal(offers(new Negotiation(all, '7'), [opus, { ...events, payload: 111 }]), '101 0 8 111 110');
  assert.equal(offers(new Negotiation(all, '7'), [{ ...events, payload: 111 }]), '0 8 96 111 110');
  assert.equal(offers(new Negotiation(local, '7'), [{ ...events, payload: 8 }]), '0 8 101');
});

test('a far end that numbers keys otherwise than it was offered is sent its number, and sends ours', () => {
  const negotiation = new Negotiation(local, '7');
  negotiation.offer({ prefer: [{ ...events, payload: 126 } as never] });
  const answered = negotiation.answered(sdp('m=audio 5004 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000\r\n'));
  assert.ok(answered.ok);
  const keys = answered.agreement.payloads[1];
  assert.deepEqual([keys?.receive, keys?.send], [126, 101]);
});

test('comfort noise is agreed to unless the other leg, where it is known, has none', () => {
  const offer = sdp('m=audio 5004 RTP/AVP 0 13 126', 'a=rtpmap:126 telephone-event/8000\r\n');
  const [pcmu, noise] = [
    { payload: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
    { payload: 13, codec: 'CN', clockRate: 8000, channels: 1 },
  ];
  assert.match(answerTo(offer).text, /RTP\/AVP 0 13 126/);
  assert.match(answerTo(offer, { prefer: [pcmu, noise] }).text, /RTP\/AVP 0 13 126/);
  assert.match(answerTo(offer, { prefer: [pcmu] }).text, /RTP\/AVP 0 126/);
});
