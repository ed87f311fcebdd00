import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSdp } from './description.ts';
import { Negotiation } from './negotiation.ts';

const fingerprint = `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`;
const theirs = `sha-256 ${Array.from({ length: 32 }, () => '1F').join(':')}`;
const other = `sha-256 ${Array.from({ length: 32 }, () => '2E').join(':')}`;

function negotiation(): Negotiation {
  let made = 0;
  const freshIce = () => ({ ufrag: `ours${++made}`, pwd: `passwordOf24Letters0000${made}` });
  const codecs = ['PCMU', 'PCMA', 'G722', 'OPUS'];
  const local = {
    address: '192.0.2.1',
    port: 40_000,
    rtcpPort: 40_001,
    codecs,
    web: { fingerprint, freshIce },
  };
  return new Negotiation(local, '1');
}

type Said = { ufrag?: string; print?: string; setup?: string; direction?: string; port?: number };

/** An audio line as Chromium writes it. */
function line({
  ufrag = 'abcd',
  print = theirs,
  setup = 'actpass',
  direction = 'sendrecv',
  port = 9,
}: Said = {}): string {
  return [
    `m=audio ${port} UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:0123456789abcdef01234567',
    'a=ice-options:trickle',
    `a=fingerprint:${print}`,
    `a=setup:${setup}`,
    'a=mid:0',
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    `a=${direction}`,
    'a=msid:stream track',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:63 red/48000/2',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:13 CN/8000',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:126 telephone-event/8000',
    'a=ssrc:1 cname:x',
    'a=candidate:1 1 udp 2113937151 0f0f.local 51234 typ host',
    '',
  ].join('\r\n');
}

function sdp(media = line(), head = 'a=group:BUNDLE 0\r\n'): Buffer {
  return Buffer.from(`v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${head}${media}`);
}

function answerTo(offer: Buffer, ours = negotiation()) {
  const received = ours.receive(offer);
  assert.ok(received.ok, JSON.stringify(received));
  const answer = ours.answer();
  assert.ok('sdp' in answer, JSON.stringify(answer));
  return { text: answer.sdp.toString(), agreement: answer.agreement };
}

test('RFC 8839, RFC 8842 a browser’s offer is answered as the lite agent and the DTLS server, with our codecs alone', () => {
  const { text, agreement } = answerTo(sdp());
  assert.match(text, /a=ice-lite\r\na=group:BUNDLE 0\r\nm=audio 40000 UDP\/TLS\/RTP\/SAVPF 0 8 9 111 13 126 110\r\n/);
  assert.match(text, /a=setup:passive\r\na=candidate:1 1 udp \d+ 192\.0\.2\.1 40000 typ host\r\n/);
  for (const each of [`a=fingerprint:${fingerprint}`, 'a=rtcp-mux', 'a=mid:0', 'a=ice-ufrag:ours1', 'a=sendrecv'])
    assert.ok(text.includes(`${each}\r\n`), each);
  assert.doesNotMatch(text, /extmap|red\/|CN\/(16|32)000/);
  assert.deepEqual(agreement.web, {
    local: { ufrag: 'ours1', pwd: 'passwordOf24Letters00001' },
    remote: { ufrag: 'abcd', fingerprint: { hash: 'sha-256', value: theirs.slice(8) }, lite: false },
    role: 'server',
  });
});

test('a browser that is passive makes us the DTLS client', () => {
  const { text, agreement } = answerTo(sdp(line({ setup: 'passive' })));
  assert.match(text, /a=setup:active\r\n/);
  assert.equal(agreement.web?.role, 'client');
});

test('video is answered with port 0 in its place, and is in no bundle', () => {
  const video = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n';
  const { text } = answerTo(sdp(video + line(), 'a=group:BUNDLE 0 1\r\n'));
  assert.match(text, /a=group:BUNDLE 0\r\nm=video 0 UDP\/TLS\/RTP\/SAVPF 96\r\na=mid:1\r\nm=audio 40000 /);
});

test('our offer is understood, and its answer agreed to', () => {
  const ours = negotiation();
  const offer = ours.offer({ web: true });
  assert.match(offer.toString(), /m=audio 40000 UDP\/TLS\/RTP\/SAVPF 0 8 9 111 101 110\r\n[^]*a=setup:actpass/);
  assert.equal(parseSdp(offer).ok, true);
  const answered = ours.answered(sdp(line({ setup: 'active' })));
  assert.ok(answered.ok, JSON.stringify(answered));
  assert.equal(answered.agreement.web?.role, 'server');
});

test('one target’s devices get each their own kind, and the answer is read against its own offer', () => {
  const ours = negotiation();
  const plain = ours.offer({ web: false });
  const web = ours.offer({ web: true });
  assert.match(plain.toString(), /RTP\/AVP/);
  assert.equal(ours.answered(sdp(), true, plain).ok, false);
  assert.equal(ours.answered(sdp(), true, web).ok, true);
});

test('RFC 8839 §4.4.2 a browser that restarts ICE gets new credentials; one that only holds keeps them', () => {
  const ours = negotiation();
  const first = answerTo(sdp(), ours).agreement.web;
  const held = answerTo(sdp(line({ direction: 'sendonly' })), ours);
  assert.deepEqual(held.agreement.web, first);
  assert.match(held.text, /a=recvonly/);
  const restarted = answerTo(sdp(line({ ufrag: 'efgh' })), ours).agreement.web;
  assert.equal(restarted?.local.ufrag, 'ours2');
  assert.equal(restarted.remote.ufrag, 'efgh');
});

test('RFC 8842 §5.5 who is DTLS client stays so; with another certificate it is decided anew', () => {
  const ours = negotiation();
  answerTo(sdp(line({ setup: 'passive' })), ours);
  assert.equal(answerTo(sdp(line({ setup: 'actpass' })), ours).agreement.web?.role, 'client');
  assert.equal(answerTo(sdp(line({ setup: 'actpass', print: other })), ours).agreement.web?.role, 'server');
});

test('RFC 3264 §8 an offer of ours in mid-call has every line of the session, by its name; refused, nothing changed', () => {
  const ours = negotiation();
  const video = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n';
  const before = answerTo(sdp(line().replace('a=mid:0', 'a=mid:snd') + video, 'a=group:BUNDLE snd v\r\n'), ours);
  const again = ours.offer({ direction: 'inactive' }).toString();
  assert.match(again, /a=group:BUNDLE snd\r\nm=audio 40000 UDP[^]*a=mid:snd[^]*a=inactive\r\nm=video 0 /);
  ours.rollback();
  assert.deepEqual(ours.agreement, before.agreement);
});

for (const [what, media, fault] of [
  ['no fingerprint', line().replace(/a=fingerprint.*\r\n/, ''), /fingerprint is missing/],
  ['SHA-1', line({ print: 'sha-1 AA:BB' }), /none of sha-256/],
  ['a fingerprint cut short', line({ print: 'sha-256 AA:BB' }), /malformed/],
  ['no ICE', line().replace(/a=ice-ufrag.*\r\n/, ''), /ice-ufrag is missing/],
  ['a short password', line().replace(/a=ice-pwd.*\r\n/, 'a=ice-pwd:short\r\n'), /ice-pwd/],
  ['no rtcp-mux', line().replace('a=rtcp-mux\r\n', ''), /rtcp-mux is missing/],
] as const) {
  test(`an offer of WebRTC with ${what} is refused in words`, () => {
    const received = negotiation().receive(sdp(media));
    assert.equal(received.ok, false);
    assert.match(received.ok ? '' : received.fault, fault);
  });
}

test('where WebRTC cannot be had the reason says so', () => {
  const ours = new Negotiation({ address: '192.0.2.1', port: 40_000, rtcpPort: 40_001 }, '1');
  const received = ours.receive(sdp());
  assert.match(received.ok ? '' : received.fault, /cannot speak on its platform/);
});

test('a thousand candidates and names of hosts among them change nothing', () => {
  const many = Array.from({ length: 600 }, (_, n) => `a=candidate:${n} 1 udp 1 host${n}.local 9 typ host\r\n`).join('');
  assert.ok(negotiation().receive(sdp(line() + many.slice(0, 25_000))).ok);
});

test('any line of it changed to anything is read or refused, never thrown at', () => {
  const lines = sdp().toString().split('\r\n');
  fc.assert(
    fc.property(fc.nat(lines.length - 1), fc.string({ maxLength: 40 }), fc.nat(30), (at, text, cut) => {
      const changed = lines.map((each, n) => (n === at ? each.slice(0, cut) + text : each)).join('\r\n');
      const ours = negotiation();
      if (ours.receive(Buffer.from(changed)).ok) ours.answer();
    }),
    { numRuns: 2000 },
  );
});

/** As another process reads what this one wrote, with a certificate of its own. */
function resumed(ours: Negotiation, anew = false): Negotiation {
  const snapshot = JSON.parse(JSON.stringify(ours.snapshot())) as NonNullable<ReturnType<Negotiation['snapshot']>>;
  const freshIce = () => ({ ufrag: 'theNext1', pwd: 'passwordOf24LettersNext1' });
  return Negotiation.restore(snapshot, { web: { fingerprint: other, freshIce }, anew });
}

test('another process goes on with the association and ICE of the one before, and offers the same line', () => {
  const ours = negotiation();
  answerTo(sdp(), ours);
  const text = resumed(ours).offer().toString();
  for (const each of [`a=fingerprint:${fingerprint}`, 'a=ice-ufrag:ours1', 'a=mid:0', 'm=audio 40000 UDP'])
    assert.ok(text.includes(each), each);
});

test('RFC 8842 §5.5 it has its own fingerprint once the browser has another', () => {
  const ours = negotiation();
  answerTo(sdp(), ours);
  const { text } = answerTo(sdp(line({ print: other, ufrag: 'efgh' })), resumed(ours));
  assert.ok(text.includes(`a=fingerprint:${other}`));
  assert.ok(text.includes('a=ice-ufrag:theNext1'));
});

test('a process elsewhere begins ICE and DTLS anew, in the line that was', () => {
  const ours = negotiation();
  answerTo(sdp(), ours);
  const text = resumed(ours, true).offer().toString();
  for (const each of [`a=fingerprint:${other}`, 'a=ice-ufrag:theNext1', 'a=mid:0', 'a=setup:actpass'])
    assert.ok(text.includes(each), each);
});
