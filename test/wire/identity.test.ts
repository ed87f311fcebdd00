// Who the callee sees, and which headers leave the house. decisions.md, "Carriers"; RFC 3323, RFC 3325.
import assert from 'node:assert/strict';
import { dial, type Header, type Message, phones, realm, stage, toPhone, toSip, type World } from '../kit/index.ts';

const story = stage({
  phones: ['plain', 'trusted', 'desk', 'bob'],
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'plain', e164_leading_plus: true, gateways: [w.gateway('plain')] },
      { name: 'trusted', trusted: true, e164_leading_plus: true, gateways: [w.gateway('trusted')] },
    ],
  }),
});

const viaPlain = toPhone({ trunk: 'plain' });
const viaTrusted = toPhone({ trunk: 'trusted' });
const asserted: Header[] = [['P-Asserted-Identity', '"Alice" <sip:+15557650001@origin.test>']];
const restricted: Header[] = [...asserted, ['Privacy', 'id']];

/** Dials and returns the INVITE that reached this phone. */
async function reached(
  w: World,
  name: string,
  app: readonly object[],
  headers: readonly Header[] = [],
): Promise<Message> {
  w.phone(name).onInvite = phones.busy();
  w.app.answers(app);
  // Who asks for privacy has an anonymous From of its own (RFC 3323 §4.1).
  const hidden = headers.some(([header]) => header === 'Privacy');
  const rawFrom = '"Anonymous" <sip:anonymous@anonymous.invalid>';
  await w.calls({ headers, ...(hidden ? { rawFrom } : {}) }).refused();
  return (await w.phone(name).nextCall()).invite;
}

story('P-Asserted-Identity and Privacy go on to the carrier by default', async (w) => {
  const invite = await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true }), asserted);
  assert.match(invite.get('p-asserted-identity') ?? '', /\+15557650001@origin\.test/);
});

story('forwardPAI: false keeps both in', async (w) => {
  const invite = await reached(
    w,
    'trusted',
    dial([viaTrusted], { answerOnBridge: true, forwardPAI: false }),
    restricted,
  );
  assert.equal(invite.get('p-asserted-identity'), undefined);
});

story('Privacy: id keeps the identity from a carrier that is not trusted', async (w) => {
  const invite = await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true }), restricted);
  assert.equal(invite.get('p-asserted-identity'), undefined);
  assert.doesNotMatch(invite.raw.toString(), /\+?15557650001/, 'nowhere in the request');
});

story('Privacy: id lets a trusted carrier have the identity, with the wish', async (w) => {
  const invite = await reached(w, 'trusted', dial([viaTrusted], { answerOnBridge: true }), restricted);
  assert.match(invite.get('p-asserted-identity') ?? '', /15557650001/);
  assert.match(invite.get('privacy') ?? '', /id/);
});

for (const [name, target] of [
  ['plain', viaPlain],
  ['trusted', viaTrusted],
] as const)
  story(`a registered user vouches for nobody, but his wish for privacy goes on to a ${name} carrier`, async (w) => {
    w.phone(name).onInvite = phones.busy();
    w.app.answers(dial([target], { answerOnBridge: true }));
    const call = w.phone('bob').invites(`sip:100@${w.graine.sip.host}:${w.graine.sip.port}`, {
      from: `bob@${realm}`,
      login: { username: 'bob', password: 'secret' },
      headers: restricted,
    });
    await call.refused();
    const { invite } = await w.phone(name).nextCall();
    assert.equal(invite.get('privacy'), 'id');
    assert.equal(invite.get('p-asserted-identity'), undefined);
    assert.doesNotMatch(invite.raw.toString(), /\+?15557650001/, 'nowhere in the request');
  });

story('callerId and callerName become From', async (w) => {
  const invite = await reached(
    w,
    'plain',
    dial([viaPlain], { answerOnBridge: true, callerId: '+15553334444', callerName: 'Acme "Inc"' }),
  );
  const from = invite.get('from') ?? '';
  assert.match(from, /sip:\+?15553334444@/);
  assert.match(from, /^"Acme \\"Inc\\""/);
});

story('without callerId the caller’s own number is From', async (w) => {
  assert.match(
    (await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true }))).get('from') ?? '',
    /sip:\+?15557650001@/,
  );
});

story('callerId anonymous asks for privacy and shows nothing', async (w) => {
  const invite = await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true, callerId: 'anonymous' }), asserted);
  assert.match(invite.get('from') ?? '', /anonymous/i);
  assert.match(invite.get('privacy') ?? '', /id/);
  assert.doesNotMatch(invite.raw.toString(), /\+15557650001/);
});

story(
  'an identity of the application’s own goes before the caller’s, but past nobody’s wish for privacy',
  async (w) => {
    const own = { 'P-Asserted-Identity': '<sip:+15557659999@house.test>' };
    const app = dial([viaPlain], { answerOnBridge: true, headers: own });
    const identities = (await reached(w, 'plain', app, asserted)).all('p-asserted-identity');
    assert.deepEqual(identities, [own['P-Asserted-Identity']]);
    w.phone('plain').calls.entries.length = 0;
    const open = dial([viaPlain], { answerOnBridge: true, headers: { ...own, Privacy: 'none' } });
    const invite = await reached(w, 'plain', open, restricted);
    assert.equal(invite.get('p-asserted-identity'), undefined);
    assert.deepEqual(invite.all('privacy'), ['id']);
  },
);

story('the application may ask for privacy where the caller has not', async (w) => {
  const open: Header[] = [...asserted, ['Privacy', 'none']];
  for (const more of [{ headers: { Privacy: 'id' } }, { callerId: 'restricted' }]) {
    w.phone('plain').calls.entries.length = 0;
    const invite = await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true, ...more }), open);
    assert.deepEqual(invite.all('privacy'), ['id']);
    assert.equal(invite.get('p-asserted-identity'), undefined);
  }
});

story('headers of the dial and of the target arrive; the target’s go first', async (w) => {
  const target = toSip(w.phone('desk'), { headers: { 'X-Both': 'target', 'X-Target': '2' } });
  const invite = await reached(
    w,
    'desk',
    dial([target], { answerOnBridge: true, headers: { 'X-Both': 'dial', 'X-Dial': 1 } }),
  );
  assert.equal(invite.get('x-both'), 'target');
  assert.equal(invite.get('x-target'), '2');
  assert.equal(invite.get('x-dial'), '1');
  assert.equal(invite.all('x-both').length, 1);
});

story('one target’s headers do not reach another', async (w) => {
  w.phone('plain').onInvite = phones.busy();
  await reached(
    w,
    'desk',
    dial([toPhone({ trunk: 'plain', headers: { 'X-Secret': 'mine' } }), toSip(w.phone('desk'))], {
      answerOnBridge: true,
    }),
  );
  assert.equal((await w.phone('plain').nextCall()).invite.get('x-secret'), 'mine');
  assert.equal((await w.phone('desk').nextCall()).invite.get('x-secret'), undefined);
});

for (const [name, value] of [
  ['Via', 'SIP/2.0/UDP evil'],
  ['Route', '<sip:evil>'],
  ['Contact', '<sip:evil>'],
  ['m', '<sip:evil>'],
  ['Content-Length', '0'],
  ['Proxy-Authorization', 'Digest x'],
  ['X-Ok', 'a\r\nX-Injected: b'],
  ['X-Nul', 'a\0b'],
] as const)
  story(`the header ${name}: ${JSON.stringify(value)} is refused and nobody is dialled`, async (w) => {
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, headers: { [name]: value } }));
    await w.calls().refused();
    assert.equal(w.phone('desk').calls.entries.length, 0);
    assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
  });

story('nothing of the inside leaves: no sids, no internal headers, no caller’s headers', async (w) => {
  const invite = await reached(w, 'plain', dial([viaPlain], { answerOnBridge: true }), [
    ['X-Internal-Secret', 'of the caller'],
  ]);
  const known =
    /^(via|max-forwards|from|to|call-id|cseq|contact|user-agent|allow|supported|session-expires|min-se|content-type|content-length|p-asserted-identity|privacy|date|recv-info)$/i;
  assert.deepEqual(
    invite.headers.map(([name]) => name).filter((name) => !known.test(name)),
    [],
  );
  const { call_sid, account_sid } = (await w.next('/action')).body;
  for (const sid of [call_sid, account_sid]) assert.ok(!invite.raw.includes(String(sid)), 'a sid left');
});
