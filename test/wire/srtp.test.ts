// SRTP by SDES: callers and callees with keys, beside others without. RFC 3711, RFC 4568, RFC 7714.
import assert from 'node:assert/strict';
import {
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  type SrtpSuite,
  stage,
  toPhone,
  toSip,
  type World,
} from '../kit/index.ts';

const suites: readonly SrtpSuite[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_256_CM_HMAC_SHA1_32',
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
];
const suite = 'AES_CM_128_HMAC_SHA1_80';

const story = stage({
  phones: ['desk', { name: 'vault', srtp: suite }, { name: 'strict', srtp: suite }, 'open'],
  account: (world) => ({
    carriers: [
      {
        name: 'origin',
        application: 'main',
        gateways: [world.gateway('alice', { inbound: true, outbound: false, srtp: 'offer' })],
      },
      {
        name: 'strict',
        application: 'main',
        gateways: [world.gateway('strict', { inbound: true, srtp: 'require' })],
      },
      { name: 'open', application: 'main', gateways: [world.gateway('open', { inbound: true })] },
      { name: 'vault', gateways: [world.gateway('vault', { srtp: 'offer' })] },
    ],
  }),
});

/** Alice, with keys or without, talks to a phone by way of the server. */
async function talk(w: World, verb: object): Promise<{ call: OutgoingPhoneCall }> {
  w.app.answers(verb as never);
  const call = w.calls();
  await call.answered();
  return { call };
}

async function bothHear(call: OutgoingPhoneCall, rung: IncomingPhoneCall): Promise<void> {
  await Promise.all([call.hears(620), rung.hears(440)]);
}

/** Sets what alice speaks for one story. */
function keyed(srtp: SrtpSuite | undefined, title: string, tell: (w: World) => Promise<void>): void {
  story(title, async (w) => {
    w.phone('alice').srtp = srtp;
    try {
      await tell(w);
    } finally {
      w.phone('alice').srtp = undefined;
    }
  });
}

for (const each of suites)
  keyed(each, `${each}: a caller with keys and a callee without hear each other`, async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    const { call } = await talk(w, dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    const rung = await w.phone('desk').nextCall();
    await bothHear(call, rung);
    assert.match((await call.answered()).sdp ?? '', new RegExp(`RTP/SAVP[^]*a=crypto:1 ${each} inline:`));
    assert.doesNotMatch(rung.invite.sdp ?? '', /crypto|SAVP/);
    assert.equal(call.media?.packetsForged, 0);
    await call.hangsUp();
  });

for (const each of suites.filter((name) => name !== 'AES_256_CM_HMAC_SHA1_32'))
  story(`${each}: a caller without keys and a callee whose gateway requires them hear each other`, async (w) => {
    w.phone('strict').srtp = each;
    w.phone('strict').onInvite = phones.answersAfter(10, { tone: 620 });
    const { call } = await talk(w, dial([toPhone({ trunk: 'strict' })], { answerOnBridge: true }));
    const rung = await w.phone('strict').nextCall();
    await bothHear(call, rung);
    assert.match(rung.invite.sdp ?? '', /m=audio \d+ RTP\/SAVP /);
    assert.equal(rung.media?.packetsForged, 0);
    await call.hangsUp();
    w.phone('strict').srtp = suite;
  });

keyed('AEAD_AES_256_GCM', 'both ends have keys, each its own, and in another suite', async (w) => {
  w.phone('vault').onInvite = phones.answersAfter(10, { tone: 620 });
  const { call } = await talk(w, dial([toPhone({ trunk: 'vault' })], { answerOnBridge: true }));
  const rung = await w.phone('vault').nextCall();
  await bothHear(call, rung);
  await call.hangsUp();
});

/** Sets what a phone speaks for one story. */
async function speaking(w: World, name: string, srtp: SrtpSuite | undefined, tell: () => Promise<void>): Promise<void> {
  const before = w.phone(name).srtp;
  w.phone(name).srtp = srtp;
  try {
    await tell();
  } finally {
    w.phone(name).srtp = before;
  }
}

story('a gateway that requires SRTP: a call in the clear gets 488 with the reason, before any hook', async (w) => {
  await speaking(w, 'strict', undefined, async () => {
    const refusal = await w.calls({ by: 'strict' }).refused();
    assert.equal(refusal.status, 488);
    assert.match(refusal.get('warning') ?? '', /^399 graine "SRTP is required here: offer RTP\/SAVP/);
    assert.equal(w.app.requests.entries.length, 0);
  });
});

story('a gateway without SRTP: a call with it gets 488 with the reason', async (w) => {
  await speaking(w, 'open', suite, async () => {
    const refusal = await w.calls({ by: 'open' }).refused();
    assert.equal(refusal.status, 488);
    assert.match(refusal.get('warning') ?? '', /SRTP is not allowed here: offer RTP\/AVP/);
    assert.equal(w.app.requests.entries.length, 0);
  });
});

story('a gateway that is offered SRTP refuses it with 488 and is called again in the clear', async (w) => {
  await speaking(w, 'vault', undefined, async () => {
    w.phone('vault').onInvite = phones.answersAfter(10, { tone: 620 });
    const { call } = await talk(w, dial([toPhone({ trunk: 'vault' })], { answerOnBridge: true }));
    const [first, second] = w.phone('vault').calls.entries;
    assert.equal(first?.finalStatus, 488);
    assert.match(first?.invite.sdp ?? '', /RTP\/SAVP/);
    assert.match(second?.invite.sdp ?? '', /RTP\/AVP/);
    assert.ok(second !== undefined);
    await bothHear(call, second);
    await call.hangsUp();
  });
});

story(
  'a gateway that requires SRTP and cannot: the dial fails with its 488, and nothing is tried in the clear',
  async (w) => {
    await speaking(w, 'strict', undefined, async () => {
      w.phone('strict').onInvite = phones.answersAfter(10, { tone: 620 });
      w.app.answers(dial([toPhone({ trunk: 'strict' })], { answerOnBridge: true }) as never);
      assert.equal((await w.calls().refused()).status, 488);
      assert.equal(w.phone('strict').calls.entries.length, 1);
    });
  },
);

const clear = (port: number): string =>
  `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;

for (const [trunk, ends] of [
  ['vault', 'is talked to in the clear where SRTP was only offered'],
  ['strict', 'is hung up on where SRTP is required'],
] as const)
  story(`a callee that answers RTP/SAVP with RTP/AVP ${ends}`, async (w) => {
    w.phone(trunk).onInvite = async (rung) => {
      const media = await rung.openMedia();
      media.tone(620);
      await rung.answers({ sdp: clear(media.port) });
      media.secure(undefined);
    };
    w.app.answers(dial([toPhone({ trunk })], { answerOnBridge: true }) as never);
    const call = w.calls();
    const rung = await w.phone(trunk).nextCall();
    if (trunk === 'vault') {
      await bothHear(call, rung);
      await call.hangsUp();
    } else {
      assert.match((await rung.gets('BYE')).get('reason') ?? '', /cause=488/);
      assert.equal((await call.refused()).status, 488);
    }
  });

keyed(
  undefined,
  'two audio lines, with keys and without: the one with keys is answered, the other refused',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }) as never);
    const key = `a=crypto:7 ${suite} inline:${Buffer.alloc(30, 5).toString('base64')}|2^31\r\n`;
    const call = w.calls({
      sdp: `${clear(40_000)}m=audio 40002 RTP/SAVP 0\r\na=crypto:6 F8_128_HMAC_SHA1_80 inline:xx\r\n${key}`,
    });
    const { sdp = '' } = await call.answered();
    assert.match(sdp, /m=audio 0 RTP\/AVP 0\r\nm=audio [1-9]\d* RTP\/SAVP 0\r\n/);
    assert.match(sdp, new RegExp(`a=crypto:7 ${suite} inline:`));
    await call.hangsUp();
  },
);

story('srtpEncryption dtls: a sip target is offered DTLS-SRTP and nothing after it', async (w) => {
  const desk = w.phone('desk');
  w.app.answers(dial([toSip(desk)], { answerOnBridge: true, srtpEncryption: 'dtls' }) as never);
  // The phone of the kit speaks none of it: 488 before it rings.
  assert.equal((await w.calls().refused()).status, 488);
  const invites = desk.transcript.entries.flatMap(({ message }) => (message?.method === 'INVITE' ? [message.sdp] : []));
  assert.equal(desk.calls.entries.length, 0);
  assert.match(invites[0] ?? '', /m=audio \d+ UDP\/TLS\/RTP\/SAVPF /);
  assert.match(invites[0] ?? '', /a=fingerprint:sha-256 /);
});

story('srtpEncryption of a dial: a sip target must speak SRTP', async (w) => {
  const sdes = { answerOnBridge: true, srtpEncryption: 'sdes' };
  w.phone('vault').onInvite = phones.answersAfter(10, { tone: 620 });
  const { call } = await talk(w, dial([toSip(w.phone('vault'))], sdes));
  const rung = await w.phone('vault').nextCall();
  await bothHear(call, rung);
  assert.match(rung.invite.sdp ?? '', /RTP\/SAVP/);
  await call.hangsUp();
  w.app.answers(dial([toSip(w.phone('desk'))], sdes) as never);
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  assert.equal((await w.calls().refused()).status, 488);
});

story('a late offer: the server offers the keys where they are required', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }) as never);
  const call = w.calls({ by: 'strict', sdp: 'none' });
  const rung = await w.phone('desk').nextCall();
  await bothHear(call, rung);
  assert.match((await call.answered()).sdp ?? '', /RTP\/SAVP/);
  await call.hangsUp();
});

keyed(suite, 'no key is in the timeline, the capture, the drawing or a hook', async (w) => {
  w.phone('vault').onInvite = phones.answersAfter(10, { tone: 620 });
  const { call } = await talk(w, dial([toPhone({ trunk: 'vault' })], { answerOnBridge: true }));
  const rung = await w.phone('vault').nextCall();
  await bothHear(call, rung);
  const sid = String((await w.next('/call')).body['call_sid']);
  await call.hangsUp();
  await w.eventually('it is over', () => w.idle());
  const keys = [w.phone('alice'), w.phone('vault')]
    .flatMap(({ transcript }) => transcript.entries.map(({ message }) => message?.sdp ?? ''))
    .flatMap((sdp) => [...sdp.matchAll(/inline:(\S+)/g)].map(([, key]) => key ?? ''));
  assert.ok(new Set(keys).size >= 8, 'keys were exchanged');
  const { url, token } = w.graine.http;
  for (const format of ['json', 'pcap', 'html']) {
    const answer = await fetch(`${url}/v1/Accounts/${w.accountSid}/Calls/${sid}/Trace?format=${format}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200);
    const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    for (const key of new Set(keys)) assert.ok(!text.includes(key), `a key is in the ${format}`);
    if (format === 'json') assert.match(text, /media\.encrypted/);
  }
  const hooks = JSON.stringify(w.app.requests.entries.map(({ body }) => body));
  for (const key of new Set(keys)) assert.ok(!hooks.includes(key), 'a key is in a hook');
});
