// A sip target: sent as written, by its own proxy, with its own credentials. decisions.md; reference.md 2.2; RFC 3261 §8.1.2.
import assert from 'node:assert/strict';
import { dial, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'proxy', 'other'] });
const far = 'sip:ann@far.example.test;x=1';

story(
  'proxy: the INVITE goes to the proxy, its Request-URI and To are the URI as given, Route names the proxy',
  async (w) => {
    w.phone('proxy').onInvite = phones.answersAfter(5, { tone: 620 });
    w.app.answers(dial([{ type: 'sip', sipUri: far, proxy: w.phone('proxy').uri }], { answerOnBridge: true }));
    const call = w.calls();
    await call.hears(620);
    const { invite } = await w.phone('proxy').nextCall();
    assert.equal(invite.uri, far);
    assert.match(invite.get('to') ?? '', /^<sip:ann@far\.example\.test(;x=1)?>$/);
    assert.match(invite.get('route') ?? '', new RegExp(`127\\.0\\.0\\.1:${w.phone('proxy').port}.*;lr`));
    assert.equal(invite.all('route').length, 1);
    assert.equal((await call.hangsUp()).status, 200);
    await (await w.phone('proxy').nextCall()).byed();
  },
);

story(
  'codecs: these and no others are offered, in this order; a list with an unknown name is ignored, with an alert',
  async (w) => {
    const offered = async (codecs: readonly string[]): Promise<string | undefined> => {
      w.phone('desk').onInvite = phones.busy();
      w.phone('desk').calls.entries.length = 0;
      w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true, codecs }));
      await w.calls().refused();
      return /m=audio \d+ RTP\/AVP (.*)/.exec((await w.phone('desk').nextCall()).invite.sdp ?? '')?.[1];
    };
    assert.equal(await offered(['G722', 'pcma']), '9 8 101');
    assert.match((await offered(['PCMA', 'G729'])) ?? '', /^0 8 9 /);
    await w.eventually('the alert', async () =>
      (await w.alerts('invalid-app-payload')).some((alert) => JSON.stringify(alert).includes('dial.codecs')),
    );
  },
);

story('a proxy without a scheme is a SIP URI', async (w) => {
  w.phone('proxy').onInvite = phones.busy();
  const proxy = `127.0.0.1:${w.phone('proxy').port}`;
  w.app.answers(dial([{ type: 'sip', sipUri: far, proxy }], { answerOnBridge: true }));
  assert.equal((await w.calls().refused()).status, 486);
  assert.equal((await w.phone('proxy').nextCall()).invite.uri, far);
});

story('the proxy of the dial serves every sip target but one that names its own', async (w) => {
  w.phone('proxy').onInvite = phones.busy();
  w.phone('other').onInvite = phones.busy();
  const target = [
    { type: 'sip', sipUri: 'sip:common@far.example.test' },
    { type: 'sip', sipUri: 'sip:own@far.example.test', proxy: w.phone('other').uri },
  ];
  w.app.answers(dial(target, { answerOnBridge: true, proxy: w.phone('proxy').uri }));
  await w.calls().refused();
  assert.equal((await w.phone('proxy').nextCall()).invite.uri, 'sip:common@far.example.test');
  assert.equal((await w.phone('other').nextCall()).invite.uri, 'sip:own@far.example.test');
  assert.equal(w.phone('proxy').calls.entries.length, 1);
});

for (const [by, proxied] of [
  ['a 407 of the proxy', true],
  ['a 401 behind it', false],
] as const)
  story(`auth answers ${by}, by the same way`, async (w) => {
    const login = { username: 'me', password: 'mine' };
    w.phone('proxy').onInvite = phones.requiresAuth(login, phones.answersAfter(10), { proxy: proxied });
    w.app.answers(
      dial([{ type: 'sip', sipUri: far, proxy: w.phone('proxy').uri, auth: login }], { answerOnBridge: true }),
    );
    const call = w.calls();
    await call.answered();
    const { invite } = await w.phone('proxy').nextCall(1);
    assert.equal(invite.uri, far);
    assert.ok(invite.get(proxied ? 'proxy-authorization' : 'authorization'));
    assert.doesNotMatch(invite.raw.toString(), /mine/, 'the password itself stays here');
    await call.hangsUp();
  });

story('one target’s credentials answer no challenge of another target (attack C2)', async (w) => {
  const login = { username: 'me', password: 'mine' };
  w.phone('desk').onInvite = phones.requiresAuth(login, phones.answersAfter(10));
  w.phone('other').onInvite = phones.requiresAuth(login, phones.answersAfter(10));
  w.app.answers(
    dial([toSip(w.phone('desk'), { auth: { username: 'me', password: 'wrong' } }), toSip(w.phone('other'))], {
      answerOnBridge: true,
    }),
  );
  await w.calls().refused();
  assert.equal(w.phone('other').calls.entries.length, 1, 'challenged once, answered with nothing');
  assert.equal((await w.phone('other').nextCall()).invite.get('authorization'), undefined);
});
