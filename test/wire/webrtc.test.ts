// WebRTC as it looks from the outside, without a browser: what is answered, what is refused and why. docs/webrtc.md.
import assert from 'node:assert/strict';
import { stage, type World } from '../kit/index.ts';

const story = stage({});

const fingerprint = `sha-256 ${Array.from({ length: 32 }, () => '1F').join(':')}`;
const offer = (leaveOut = /^$/): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
    'a=mid:0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:0123456789abcdef01234567',
    `a=fingerprint:${fingerprint}`,
    'a=setup:actpass',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=candidate:1 1 udp 1 127.0.0.1 5060 typ host',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:1',
    '',
  ]
    .filter((line) => !leaveOut.test(line) || line === '')
    .join('\r\n');

story('an offer of WebRTC over plain SIP is answered in it; video is refused in its place', async (w: World) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 5 }]);
  const call = w.calls({ sdp: offer() });
  const { body } = await call.answered();
  const text = body.toString();
  assert.match(text, /a=ice-lite\r\na=group:BUNDLE 0\r\n/);
  assert.match(text, /m=audio \d+ UDP\/TLS\/RTP\/SAVPF 0 111\r\n[^]*a=setup:passive[^]*m=video 0 /);
  await call.hangsUp();
});

for (const [what, line, reason] of [
  ['a fingerprint', /^a=fingerprint/, /a=fingerprint is missing/],
  ['ICE', /^a=ice-/, /a=ice-ufrag is missing/],
  ['rtcp-mux', /^a=rtcp-mux/, /a=rtcp-mux is missing/],
] as const) {
  story(`an offer of WebRTC without ${what} gets 488, and the Warning says so`, async (w: World) => {
    w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 5 }]);
    const refusal = await w.calls({ sdp: offer(line) }).refused();
    assert.equal(refusal.status, 488);
    assert.match(refusal.get('warning') ?? '', reason);
  });
}
