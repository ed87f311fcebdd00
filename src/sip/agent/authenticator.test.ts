/** What the digest server makes of every kind of answer. RFC 7616, RFC 8760; attack C1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, SeededRandom } from '../../base/index.ts';
import {
  authorizationFor,
  type Challenge,
  createRequest,
  digestResponse,
  parseChallenge,
  type SipRequest,
} from '../message/index.ts';
import { Authenticator } from './authenticator.ts';
import type { UserSecret } from './options.ts';

const realm = 'voice.example.test';
const uri = `sip:${realm}`;
const bob: UserSecret = { clientSid: 'c-bob', accountSid: 'a-1', secret: { password: 'pw-bob' } };

function server(users: Record<string, UserSecret> = { bob }) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const lookup = (username: string, at: string) => {
    asked.push(`${username}@${at}`);
    return users[username];
  };
  const authenticator = new Authenticator({ clock, random: new SeededRandom(1), lookup, nonceSeconds: 300 });
  return { clock, asked, authenticator };
}

function challengesOf(authenticator: Authenticator, userAgent?: string): Challenge[] {
  return authenticator.challenge(realm, false, userAgent).map(([, value]) => parseChallenge(value)!);
}

function request(...authorizations: string[]): SipRequest {
  const to = `<sip:bob@${realm}>`;
  const made = createRequest({ method: 'REGISTER', uri, from: `${to};tag=1`, to, callId: 'c', cseq: 1 });
  for (const value of authorizations) made.headers.append('Authorization', value);
  return made;
}

function answerTo(challenge: Challenge, changes: Partial<Parameters<typeof authorizationFor>[1]> = {}): string {
  const answer = { username: 'bob', password: 'pw-bob', method: 'REGISTER', uri, nc: 1, cnonce: 'cn', ...changes };
  return authorizationFor(challenge, answer);
}

test('RFC 8760 §2.3 SHA-256 is offered first, MD5 beside it; a client that chokes on two gets MD5 alone', () => {
  const { authenticator } = server();
  const algorithms = (userAgent?: string) => challengesOf(authenticator, userAgent).map(({ algorithm }) => algorithm);
  assert.deepEqual(algorithms(), ['SHA-256', 'MD5']);
  assert.deepEqual(algorithms('baresip v1.0.0 (x86_64/Linux)'), ['MD5']);
  assert.deepEqual(algorithms('baresip v2.10.0'), ['SHA-256', 'MD5']);
});

for (const [place, algorithm] of [
  [0, 'SHA-256'],
  [1, 'MD5'],
] as const) {
  test(`a right ${algorithm} answer is the user, with the sids of the directory`, async () => {
    const { authenticator, asked } = server();
    const challenge = challengesOf(authenticator)[place]!;
    const verdict = await authenticator.check(request(answerTo(challenge)), realm);
    const identity = { kind: 'user', clientSid: 'c-bob', accountSid: 'a-1', username: 'bob', realm };
    assert.deepEqual(verdict, { kind: 'user', identity });
    assert.deepEqual(asked, [`bob@${realm}`]);
  });
}

test('no answer, and an answer for another realm, are asked for one; nobody is looked up', () => {
  const { authenticator, asked } = server();
  assert.deepEqual(authenticator.check(request(), realm), { kind: 'challenge', stale: false });
  const [challenge] = challengesOf(authenticator);
  const elsewhere = answerTo({ ...challenge!, realm: 'other.example.test' });
  assert.deepEqual(authenticator.check(request(elsewhere), realm), { kind: 'challenge', stale: false });
  assert.deepEqual(authenticator.check(request('Digest nonsense'), realm), { kind: 'challenge', stale: false });
  assert.deepEqual(asked, []);
});

test('the answer for our realm is found among others, but not behind more than eight', async () => {
  const { authenticator } = server();
  const [challenge] = challengesOf(authenticator);
  const other = answerTo({ ...challenge!, realm: 'other.example.test' });
  const seventh = request(...Array<string>(7).fill(other), answerTo(challenge!));
  assert.equal((await authenticator.check(seventh, realm)).kind, 'user');
  const ninth = request(...Array<string>(8).fill(other), answerTo(challenge!, { nc: 2 }));
  assert.equal((await authenticator.check(ninth, realm)).kind, 'challenge');
});

test('an unknown user and a wrong password are the same verdict', async () => {
  const { authenticator } = server();
  const [challenge] = challengesOf(authenticator);
  assert.deepEqual(await authenticator.check(request(answerTo(challenge!, { password: 'no' })), realm), {
    kind: 'wrong',
  });
  assert.deepEqual(await authenticator.check(request(answerTo(challenge!, { username: 'eve' })), realm), {
    kind: 'wrong',
  });
});

test('a digest over another method or another URI is wrong, however right its password', async () => {
  const { authenticator } = server();
  const [challenge] = challengesOf(authenticator);
  for (const changes of [{ method: 'INVITE' }, { uri: 'sip:premium@elsewhere.example.test' }]) {
    assert.deepEqual(await authenticator.check(request(answerTo(challenge!, changes)), realm), { kind: 'wrong' });
  }
});

test('RFC 7616 §3.4 a replayed count is refused as stale, the next count is taken', async () => {
  const { authenticator } = server();
  const [challenge] = challengesOf(authenticator);
  const first = request(answerTo(challenge!, { nc: 5 }));
  assert.equal((await authenticator.check(first, realm)).kind, 'user');
  assert.deepEqual(await authenticator.check(first, realm), { kind: 'challenge', stale: true });
  const earlier = request(answerTo(challenge!, { nc: 4 }));
  assert.deepEqual(await authenticator.check(earlier, realm), { kind: 'challenge', stale: true });
  assert.equal((await authenticator.check(request(answerTo(challenge!, { nc: 6 })), realm)).kind, 'user');
});

test('a wrong answer uses no count up: the right one with the same count is still taken', async () => {
  const { authenticator } = server();
  const [challenge] = challengesOf(authenticator);
  await authenticator.check(request(answerTo(challenge!, { password: 'no' })), realm);
  assert.equal((await authenticator.check(request(answerTo(challenge!)), realm)).kind, 'user');
});

test('an old nonce, one of another process and a made-up one are asked again as stale', async () => {
  const { authenticator, clock, asked } = server();
  const [challenge] = challengesOf(authenticator);
  const made = { ...challenge!, nonce: `${challenge!.nonce.slice(0, -1)}_` };
  assert.deepEqual(authenticator.check(request(answerTo(made)), realm), { kind: 'challenge', stale: true });
  clock.advance(300_001);
  assert.deepEqual(authenticator.check(request(answerTo(challenge!)), realm), { kind: 'challenge', stale: true });
  assert.deepEqual(asked, []);
});

test('a stored HA1 of the answered algorithm serves; without one of SHA-256, that answer is wrong', async () => {
  const md5 = '00000000000000000000000000000001';
  const { authenticator } = server({ bob: { ...bob, secret: { md5 } } });
  const [sha256, onMd5] = challengesOf(authenticator);
  const qop = { nc: 1, cnonce: 'cn' };
  const input = { algorithm: 'MD5', username: 'bob', realm, secret: { ha1: md5 }, method: 'REGISTER', uri } as const;
  const response = digestResponse({ ...input, nonce: onMd5!.nonce, qop });
  const header =
    `Digest username="bob", realm="${realm}", nonce="${onMd5!.nonce}", uri="${uri}", response="${response}", ` +
    'algorithm=MD5, qop=auth, nc=00000001, cnonce="cn"';
  assert.equal((await authenticator.check(request(header), realm)).kind, 'user');
  assert.equal((await authenticator.check(request(answerTo(sha256!)), realm)).kind, 'wrong');
});
