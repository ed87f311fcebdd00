// ICE beside SRTP with keys in SDP (as Microsoft's media bypass has it), and far ends that are ICE-lite as we are.
// RFC 8445, RFC 8839, RFC 4568.
import assert from 'node:assert/strict';
import { dial, type OutgoingPhoneCall, phones, stage, toPhone, type World } from '../kit/index.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80' as const;
const found = { srtp: suite, rtcpMux: true };

const story = stage({
  phones: [
    { name: 'bypass', ...found, ice: 'full' },
    { name: 'waiting', ...found, ice: 'lite' },
    { name: 'field', address: '127.0.0.21', ...found, ice: 'full' },
  ],
  account: (world) => ({
    carriers: [
      world.origin(),
      {
        name: 'field',
        application: 'main',
        gateways: [{ host: '127.0.0.21', srtp: 'require', outbound: false }],
      },
      { name: 'bypass', gateways: [world.gateway('bypass', { srtp: 'require', ice: true })] },
      { name: 'usual', gateways: [world.gateway('bypass', { srtp: 'require', netmask: 31 })] },
      { name: 'waiting', gateways: [world.gateway('waiting', { srtp: 'require', ice: true })] },
    ],
  }),
});

async function called(w: World, trunk: string, phone = trunk): Promise<OutgoingPhoneCall> {
  w.phone(phone).onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toPhone({ trunk })], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  return call;
}

story('a gateway with ice is offered ICE-lite beside a=crypto; its checks tell where it is', async (w) => {
  const call = await called(w, 'bypass');
  const rung = await w.phone('bypass').nextCall();
  const { sdp = '' } = rung.invite;
  assert.match(
    sdp,
    /a=ice-lite\r\n[^]*m=audio (\d+) RTP\/SAVP [^]*a=rtcp-mux[^]*a=candidate:1 1 udp \d+ 127\.0\.0\.1 \1 typ host/,
  );
  await Promise.all([call.hears(620), rung.hears(440)]);
  assert.deepEqual(rung.media?.ice?.far, { address: '127.0.0.1', port: Number(/m=audio (\d+)/.exec(sdp)?.[1]) });
  await rung.holds();
  await rung.resumes();
  await Promise.all([call.hears(620, { since: performance.now() }), rung.hears(440, { since: performance.now() })]);
  await call.hangsUp();
});

story('a gateway without ice is not', async (w) => {
  const call = await called(w, 'usual', 'bypass');
  const rung = await w.phone('bypass').nextCall();
  assert.doesNotMatch(rung.invite.sdp ?? '', /a=(ice|candidate)/);
  await Promise.all([call.hears(620), rung.hears(440)]);
  await call.hangsUp();
});

for (const ice of ['full', 'lite'] as const) {
  story(`a caller that offers ICE (${ice}) and keys is answered in it, and both hear each other`, async (w) => {
    w.phone('field').ice = ice;
    w.phone('bypass').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toPhone({ trunk: 'bypass' })], { answerOnBridge: true }));
    const call = w.calls({ by: 'field' });
    const { sdp = '' } = await call.answered();
    assert.match(sdp, /RTP\/SAVP [^]*a=rtcp-mux[^]*a=ice-ufrag:[^]*a=candidate:1 1 udp /);
    // Who is looked for must not hear that we wait as well. RFC 8445 §6.1.1.
    assert.equal(/a=ice-lite/.test(sdp), ice === 'full');
    const rung = await w.phone('bypass').nextCall();
    await Promise.all([call.hears(620), rung.hears(440)]);
    assert.equal((call.media?.ice?.checked ?? 0) > 0, ice === 'lite');
    await call.hangsUp();
  });
}

story('a callee that is ICE-lite is looked for, and both hear each other', async (w) => {
  const call = await called(w, 'waiting');
  const rung = await w.phone('waiting').nextCall();
  await Promise.all([call.hears(620), rung.hears(440)]);
  assert.ok((rung.media?.ice?.checked ?? 0) > 0);
  await rung.hangsUp();
  await call.gets('BYE');
});

story('a lite callee is never looked for where nobody may: not one packet goes there, and the call ends', async (w) => {
  w.phone('waiting').onInvite = async (call) => {
    const media = await call.openMedia();
    if (media.ice !== undefined) media.ice.candidates = [{ address: '169.254.169.254', port: 80 }];
    await call.answers();
  };
  w.app.answers(dial([toPhone({ trunk: 'waiting' })], { answerOnBridge: true }));
  const call = w.calls();
  const rung = await w.phone('waiting').nextCall();
  await rung.gets('BYE');
  assert.equal(rung.media?.ice?.checked, 0);
  assert.equal(rung.media?.ears.packets.entries.length, 0);
  await call.gets((message) => message.method === 'BYE' || message.status >= 400);
});

const fragment = (
  call: { media: { ice?: { own: { ufrag: string; pwd: string } } | undefined; port: number } | undefined },
  more: { ufrag?: string; address?: string } = {},
) => {
  const { ufrag = '', pwd = '' } = call.media?.ice?.own ?? {};
  return {
    headers: [['Info-Package', 'trickle-ice'] as const],
    contentType: 'application/trickle-ice-sdpfrag',
    body:
      `a=ice-ufrag:${more.ufrag ?? ufrag}\r\na=ice-pwd:${pwd}\r\nm=audio 9 RTP/SAVP 0\r\na=mid:0\r\n` +
      `a=candidate:1 1 UDP 2130706431 ${more.address ?? '127.0.0.1'} ${call.media?.port} typ host\r\na=end-of-candidates\r\n`,
  };
};

story('RFC 8840 a lite callee whose candidate comes by INFO is found there, and both hear each other', async (w) => {
  w.phone('waiting').onInvite = async (call) => {
    const media = await call.openMedia();
    media.tone(620);
    if (media.ice !== undefined) media.ice.candidates = [];
    await call.answers();
  };
  w.app.answers(dial([toPhone({ trunk: 'waiting' })], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  const rung = await w.phone('waiting').nextCall();
  assert.match(rung.invite.get('supported') ?? '', /trickle-ice/);
  assert.equal(rung.invite.get('recv-info'), 'trickle-ice');
  await rung.gets('ACK');
  assert.equal((await rung.request('INFO', fragment(rung))).status, 200);
  await Promise.all([call.hears(620), rung.hears(440)]);
  await call.hangsUp();
});

story('RFC 8840 fragments of a full far end are taken, of strangers refused, and of so many only some', async (w) => {
  const call = await called(w, 'bypass');
  const rung = await w.phone('bypass').nextCall();
  await rung.gets('ACK');
  const say = async (end: typeof rung | typeof call, more = {}): Promise<number> =>
    (await end.request('INFO', fragment(end, more))).status;
  assert.equal(await say(rung), 200);
  assert.equal(await say(rung, { address: '169.254.169.254' }), 200, 'it is never sent to');
  assert.equal(await say(rung, { ufrag: 'stranger' }), 400);
  assert.equal((await rung.request('INFO', { ...fragment(rung), body: 'a=candidate:1' })).status, 400);
  assert.equal(await say(call), 469, 'alice has no ICE');
  await Promise.all([call.hears(620), rung.hears(440)]);
  const statuses = await Promise.all(Array.from({ length: 100 }, () => say(rung)));
  assert.ok(statuses.includes(403));
  assert.equal(statuses.filter((status) => status === 200).length, 96);
  await call.hangsUp();
});
