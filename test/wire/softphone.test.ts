// The portal's softphone: somebody of the file's users signs in, is lent SIP credentials, calls over WebSocket, and loses them
// with the session.
import assert from 'node:assert/strict';
import { dial, phones, realm, stage, toUser, type World } from '../kit/index.ts';

const story = stage({
  phones: [
    { name: 'page', transport: 'ws', address: '127.0.0.45' },
    { name: 'bob', address: '127.0.0.44' },
  ],
  config: { sip: { alsoListen: ['ws://127.0.0.1:0'] } },
  account: (w) => ({
    carriers: [w.origin()],
    users: [{ name: 'Ann', email: 'Ann@kit.test', password: 'ann’s long password' }],
  }),
});

type Session = { headers: Record<string, string> };
type Credentials = { name: string | null; username: string; password: string; realm: string; expires_at: string };

async function signIn(w: World, body: object): Promise<Session> {
  const response = await fetch(`${w.graine.http.url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  const { csrf } = (await response.json()) as { csrf: string };
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { headers: { cookie, 'x-csrf-token': csrf } };
}

const ann = { email: 'ann@kit.test', password: 'ann’s long password' };

async function lend(w: World, { headers }: Session): Promise<Credentials> {
  const url = `${w.graine.http.url}/v1/Accounts/${w.accountSid}/SoftphoneCredentials`;
  const response = await fetch(url, { method: 'POST', headers });
  assert.equal(response.status, 201);
  return (await response.json()) as Credentials;
}

async function signOut(w: World, { headers }: Session): Promise<void> {
  const response = await fetch(`${w.graine.http.url}/v1/session`, { method: 'DELETE', headers });
  assert.equal(response.status, 204);
}

story('signed in, the softphone registers, rings, calls, and is heard', async (w) => {
  const session = await signIn(w, ann);
  const config = await w.rest('GET', '/v1/Portal/Config');
  assert.equal(config.body.sip.ws, `ws://127.0.0.1:${w.graine.ports['ws']}`);
  assert.equal(config.body.sip.realm, realm);
  const { username, password, realm: own, expires_at: expires } = await lend(w, session);
  assert.equal(own, realm);
  assert.ok(Date.parse(expires) > Date.now() + 3_600_000);
  const answer = await w.phone('page').register(w.serverFor('page'), { username, password, realm });
  assert.equal(answer.status, 200);
  w.phone('page').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toUser(username)], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  await call.hangsUp();
  await w.register('bob');
  w.phone('bob').onInvite = phones.answersAfter(20, { tone: 700 });
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const { host, port } = w.serverFor('page');
  const out = w.phone('page').invites(`sip:bob@${host}:${port}`, {
    from: `${username}@${realm}`,
    login: { username, password },
    tone: 440,
  });
  await out.hears(700);
  assert.equal(
    w.app.all('/call').at(-1)?.body['from'],
    'ann',
    'the application is told the person, who can be dialled',
  );
  await out.hangsUp();
  await signOut(w, session);
});

story(
  'a dial to the name of a person rings their softphone while they are signed in, in their own realm only',
  async (w) => {
    const session = await signIn(w, ann);
    const { username, password, name } = await lend(w, session);
    assert.equal(name, 'ann');
    assert.equal((await w.phone('page').register(w.serverFor('page'), { username, password, realm })).status, 200);
    w.app.answers(dial([toUser('Ann')], { answerOnBridge: true }));
    const call = w.calls();
    const rung = await w.phone('page').nextCall();
    await rung.answers();
    rung.speaks(620);
    await call.hears(620);
    await call.hangsUp();
    assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
    for (const target of [{ type: 'user', name: 'ann@other.example.test' }, toUser('anna')]) {
      w.app.answers(dial([target], { answerOnBridge: true }));
      await w.calls().refused();
      assert.equal((await w.next('/action')).body['dial_sip_status'], 404);
    }
    await signOut(w, session);
    await w.eventually('the contact is gone', async () => {
      const { body } = await w.account('GET', '/RegisteredSipUsers');
      return !JSON.stringify(body).includes(username);
    });
    w.app.answers(dial([toUser('ann')], { answerOnBridge: true }));
    await w.calls().refused();
    assert.equal((await w.next('/action')).body['dial_sip_status'], 404, 'it ended with the session');
  },
);

story('signing out ends the registration and the credentials at once', async (w) => {
  const session = await signIn(w, ann);
  const credentials = await lend(w, session);
  const server = w.serverFor('page');
  assert.equal((await w.phone('page').register(server, credentials)).status, 200);
  const listed = async () => JSON.stringify((await w.account('GET', '/RegisteredSipUsers')).body);
  assert.match(await listed(), new RegExp(credentials.username));
  assert.doesNotMatch(JSON.stringify((await w.account('GET', '/Clients')).body), /web-/, 'not listed among the users');
  await signOut(w, session);
  await w.eventually('the contact is gone', async () => !(await listed()).includes(credentials.username));
  assert.equal((await w.phone('page').register(server, credentials)).status, 403);
});

story('credentials that are asked for anew replace those before; a password that is changed ends them', async (w) => {
  const session = await signIn(w, ann);
  const first = await lend(w, session);
  const second = await lend(w, session);
  assert.notEqual(first.username, second.username);
  const server = w.serverFor('page');
  assert.equal((await w.phone('page').register(server, first)).status, 403);
  assert.equal((await w.phone('page').register(server, second)).status, 200);
  const users = (await w.account('GET', '/Users')).body as { user_sid: string }[];
  const at = `/v1/Users/${users[0]?.user_sid}/password`;
  assert.equal((await w.rest('POST', at, { password: 'another long one' })).status, 204);
  await w.eventually('the contact is gone', async () => {
    const { body } = await w.account('GET', '/RegisteredSipUsers');
    return !JSON.stringify(body).includes(second.username);
  });
  assert.equal((await w.phone('page').register(server, second)).status, 403);
  assert.equal((await w.rest('POST', at, { password: ann.password })).status, 204);
});

story('an API key has no session, so it is lent nothing', async (w) => {
  const refused = await w.account('POST', '/SoftphoneCredentials');
  assert.equal(refused.status, 403);
  assert.equal(refused.body.code, 'sign-in-first');
});
