// Credentials, asked and given: registered users who call, carriers and SIP targets that challenge us. RFC 3261 §22, RFC 8760.
import assert from 'node:assert/strict';
import { answerChallenge, at, dial, digestParams, phones, realm, stage, toPhone, toSip } from '../kit/index.ts';

const story = stage({
  phones: ['bob', 'bobtcp', 'asking', 'proxy', 'desk', { name: 'stranger', address: '127.0.0.9' }],
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'asking', auth: { username: 'us', password: 'ours' }, gateways: [w.gateway('asking')] },
    ],
  }),
});

story('a user who calls is challenged with SHA-256 and MD5, and its application runs', async (w) => {
  w.app.answers([{ verb: 'sip:decline', status: 404 }]);
  const call = w.phone('bob').invites(`sip:100@${w.graine.sip.host}:${w.graine.sip.port}`, {
    from: `bob@${realm}`,
    login: { username: 'bob', password: 'secret' },
  });
  assert.equal((await call.refused()).status, 404);
  const challenges = call.received.entries.filter((each) => each.status === 401 || each.status === 407);
  assert.equal(challenges.length, 1);
  const offered = challenges.flatMap((each) => [...each.all('www-authenticate'), ...each.all('proxy-authenticate')]);
  const algorithms = offered.map((value) => digestParams(value).get('algorithm') ?? 'MD5').sort();
  assert.deepEqual(algorithms, ['MD5', 'SHA-256']);
  assert.ok(offered.every((value) => digestParams(value).get('realm') === realm));
  const { body } = await w.next('/call');
  assert.equal(body['from'], 'bob');
});

for (const algorithm of ['MD5', 'SHA-256'])
  story(`a user may answer the challenge with ${algorithm}`, async (w) => {
    const { host, port } = w.graine.sip;
    const bob = w.phone('bob');
    const first = await bob.register(w.graine.sip, { username: 'nobody-answers', password: '', realm, headers: [] });
    assert.ok(first.status === 401 || first.status === 403);
    const probe = await bob.request(
      Buffer.from(
        `REGISTER sip:${realm} SIP/2.0\r\nVia: SIP/2.0/UDP ${bob.address}:${bob.port};branch=z9hG4bKprobe${algorithm};rport\r\nMax-Forwards: 70\r\nFrom: <sip:bob@${realm}>;tag=p\r\nTo: <sip:bob@${realm}>\r\nCall-ID: probe-${algorithm}\r\nCSeq: 1 REGISTER\r\nContact: <${bob.uri}>\r\nContent-Length: 0\r\n\r\n`,
      ),
      { transport: 'udp', address: host, port },
    );
    const challenge = probe
      .all('www-authenticate')
      .find((each) => (digestParams(each).get('algorithm') ?? 'MD5') === algorithm);
    assert.ok(challenge !== undefined, `a challenge with ${algorithm}`);
    const answer = answerChallenge(
      challenge,
      { username: 'bob', password: 'secret' },
      { method: 'REGISTER', uri: `sip:${realm}` },
    );
    const accepted = await bob.request(
      Buffer.from(
        `REGISTER sip:${realm} SIP/2.0\r\nVia: SIP/2.0/UDP ${bob.address}:${bob.port};branch=z9hG4bKagain${algorithm};rport\r\nMax-Forwards: 70\r\nFrom: <sip:bob@${realm}>;tag=p\r\nTo: <sip:bob@${realm}>\r\nCall-ID: probe-${algorithm}\r\nCSeq: 2 REGISTER\r\nContact: <${bob.uri}>\r\nAuthorization: ${answer}\r\nContent-Length: 0\r\n\r\n`,
      ),
      { transport: 'udp', address: host, port },
    );
    assert.equal(accepted.status, 200);
  });

story('a wrong password is refused without telling whether the user exists', async (w) => {
  const wrong = await w.phone('bob').register(w.graine.sip, { username: 'bob', password: 'guess', realm });
  const nobody = await w.phone('bob').register(w.graine.sip, { username: 'nobody', password: 'guess', realm });
  assert.ok(wrong.status === 401 || wrong.status === 403, wrong.title);
  assert.equal(wrong.status, nobody.status);
  assert.equal(wrong.reason, nobody.reason);
});

for (const [algorithm, proxy] of [
  ['MD5', false],
  ['SHA-256', true],
] as const)
  story(
    `a carrier that asks for ${algorithm} by ${proxy ? 407 : 401} gets the carrier’s credentials: same Call-ID and From tag, next CSeq`,
    async (w) => {
      const login = { username: 'us', password: 'ours' };
      w.phone('asking').onInvite = phones.requiresAuth(login, phones.answersAfter(10), { algorithm, proxy });
      w.app.answers(dial([toPhone()], { answerOnBridge: true }));
      const call = w.calls();
      await call.answered();
      const [challenged, accepted] = await Promise.all([w.phone('asking').nextCall(0), w.phone('asking').nextCall(1)]);
      assert.equal(accepted.callId, challenged.callId);
      assert.equal(accepted.invite.get('from'), challenged.invite.get('from'));
      assert.equal(accepted.invite.cseq, challenged.invite.cseq + 1);
      await call.hangsUp();
    },
  );

story('a sip target’s auth answers its challenge', async (w) => {
  w.phone('desk').onInvite = phones.requiresAuth({ username: 'me', password: 'mine' }, phones.answersAfter(10));
  w.app.answers(
    dial([toSip(w.phone('desk'), { auth: { username: 'me', password: 'mine' } })], { answerOnBridge: true }),
  );
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
});

story('without credentials a challenge is a failure, and none are made up', async (w) => {
  w.phone('desk').onInvite = phones.requiresAuth({ username: 'me', password: 'mine' }, phones.answersAfter(10));
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const refusal = await w.calls().refused();
  // A 401 of the callee asks nothing of the caller (RFC 3261 §16.7 step 7 would need its challenge), so it is 503.
  assert.equal(refusal.status, 503);
  assert.equal(w.phone('desk').calls.entries.length, 1);
  assert.equal((await w.next('/action')).body['dial_sip_status'], 401);
});

story('credentials that are wrong are tried once', async (w) => {
  w.phone('desk').onInvite = phones.requiresAuth({ username: 'me', password: 'mine' }, phones.answersAfter(10));
  w.app.answers(
    dial([toSip(w.phone('desk'), { auth: { username: 'me', password: 'other' } })], { answerOnBridge: true }),
  );
  assert.equal((await w.calls().refused()).status, 403);
  assert.equal(w.phone('desk').calls.entries.length, 2);
});

story('an INVITE from a source nobody knows gets 403, and no hook is called', async (w) => {
  const call = w.phone('stranger').invites(at('+15551230001', w.graine.sip), { from: '+15550000000' });
  assert.equal((await call.refused()).status, 403);
  assert.equal(w.app.requests.entries.length, 0);
});

story('a stranger who sends credentials of no client gets no application', async (w) => {
  const call = w
    .phone('stranger')
    .invites(at('100', w.graine.sip), { from: `bob@${realm}`, login: { username: 'bob', password: 'guess' } });
  const refusal = await call.refused();
  assert.ok([401, 403, 407].includes(refusal.status), refusal.title);
  assert.equal(w.app.requests.entries.length, 0);
});
