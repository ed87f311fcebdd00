/** Requests outside a dialog: what they are refused with, who gets in, fail-over of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationFor, chooseChallenge, parseChallenge } from '../message/index.ts';
import { byHand, carrier, clean, dial, pair, Phone, sdp } from './fixture.test.ts';
import type { UserAgentOptions } from './options.ts';

let serial = 0;

function request(
  method: string,
  more: {
    uri?: string;
    headers?: readonly string[];
    to?: string;
    forwards?: number;
    cseq?: number;
    callId?: string;
    branch?: string;
  } = {},
): string[] {
  const { uri = 'sip:bob@voice.test', headers = [], to = '<sip:bob@voice.test>', forwards = 70, cseq = 1 } = more;
  serial += 1;
  const { callId = `call-${serial}`, branch = `z9hG4bKt${serial}` } = more;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=${branch}`,
    'From: <sip:alice@voice.test>;tag=a',
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Max-Forwards: ${forwards}`,
    'Contact: <sip:alice@127.0.0.1:5070>',
    ...headers,
  ];
}

function world(bob: Partial<UserAgentOptions> = {}) {
  const all = pair({ bob });
  const phone = new Phone(all.wires, 5070);
  const say = async (lines: readonly string[], body = ''): Promise<void> => {
    phone.send(5062, lines, body);
    await all.settle();
  };
  return { ...all, phone, say };
}

const users: Partial<UserAgentOptions> = {
  identify: () => ({ kind: 'challenge', realm: 'voice.test' }),
  credentials: (username) =>
    username === 'alice' ? { clientSid: 'C1', accountSid: 'A1', secret: { password: 'secret' } } : undefined,
};

for (const [claim, lines, status, header] of [
  ['§8.2.1 an unknown method gets 405 with Allow', request('FOO'), '405 FOO', 'Allow'],
  ['§8.2.2.1 a URI we cannot call gets 416', request('INVITE', { uri: 'http://x.test' }), '416 INVITE', ''],
  ['§16.3 an INVITE with no hop left gets 483', request('INVITE', { forwards: 0 }), '483 INVITE', ''],
  [
    '§8.2.2.3 an unknown option in Require gets 420 with Unsupported',
    request('INVITE', { headers: ['Require: 100rel, magic'] }),
    '420 INVITE',
    'Unsupported',
  ],
  ['§12.2.2 a BYE of no dialog gets 481', request('BYE', { to: '<sip:bob@voice.test>;tag=nope' }), '481 BYE', ''],
  ['an UPDATE outside any dialog gets 481', request('UPDATE'), '481 UPDATE', ''],
  ['§9.2 a CANCEL of nothing gets 481', request('CANCEL'), '481 CANCEL', ''],
  [
    '§11.2 OPTIONS gets 200 with Allow, though no hop is left',
    request('OPTIONS', { forwards: 0 }),
    '200 OPTIONS',
    'Allow',
  ],
] as const) {
  test(claim, async () => {
    const all = world();
    await all.say(lines);
    const response = all.phone.lastResponse(status);
    if (header !== '') assert.ok(response.headers.has(header));
    assert.equal(all.bob.invitations.length, 0);
    clean(all);
  });
}

test('§8.2.3 a body we do not understand gets 415 with Accept', async () => {
  const all = world();
  await all.say(request('INVITE', { headers: ['Content-Type: text/html'] }), '<html>');
  assert.equal(all.phone.lastResponse('415 INVITE').headers.get('Accept'), 'application/sdp');
  clean(all);
});

test('§8.2.2.2 an INVITE that reaches us by two paths is taken once and gets 482 for the other', async () => {
  const all = world();
  await all.say(request('INVITE', { callId: 'merged', branch: 'z9hG4bKone' }));
  await all.say(request('INVITE', { callId: 'merged', branch: 'z9hG4bKtwo' }));
  assert.ok(all.phone.last('482 INVITE'));
  assert.equal(all.bob.invitations.length, 1);
  clean(all);
});

test('attack A6 a request of ours that comes back to us gets 482', async () => {
  const all = pair();
  const { heard } = dial(all.alice, 5061);
  await all.settle();
  assert.equal(heard.failed[0]?.status, 482);
  assert.equal(all.alice.invitations.length, 0);
  clean(all);
});

test('attack C4 strangers get 403 for everything, no invitation is made, and it counts', async () => {
  const all = world({ identify: () => ({ kind: 'forbidden' }) });
  for (const method of ['INVITE', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'NOTIFY', 'REFER']) {
    await all.say(request(method));
    assert.ok(all.phone.last(`403 ${method}`), method);
  }
  assert.equal(all.bob.invitations.length, 0);
  assert.equal(all.bob.network.offences.length, 6);
  // Refused without a transaction: a flood leaves nothing behind.
  assert.deepEqual(all.clock.pending(), []);
  clean(all);
});

test('attack B6 an ACK of no dialog is left alone', async () => {
  const all = world();
  await all.say(request('ACK', { to: '<sip:bob@voice.test>;tag=nope' }));
  assert.equal(all.phone.received.length, 0);
  clean(all);
});

function authorized(
  all: ReturnType<typeof world>,
  options: {
    password?: string;
    username?: string;
    nc?: number;
    cseq: number;
    callId: string;
    method?: string;
    headers?: readonly string[];
    algorithm?: string;
    nonce?: string;
    uri?: string;
    to?: string;
  },
): string[] {
  const {
    password = 'secret',
    username = 'alice',
    nc = 1,
    method = 'INVITE',
    headers = [],
    algorithm = 'SHA-256',
    uri = 'sip:bob@voice.test',
    ...rest
  } = options;
  const values = all.phone.lastResponse(`401 ${method}`).headers.all('WWW-Authenticate');
  const found = values.map(parseChallenge).find((each) => each?.algorithm === algorithm) ?? chooseChallenge(values);
  assert.ok(found);
  const challenge = options.nonce === undefined ? found : { ...found, nonce: options.nonce };
  const value = authorizationFor(challenge, { username, password, method, uri, nc, cnonce: 'abc' });
  return request(method, { ...rest, uri, headers: [...headers, `Authorization: ${value}`] });
}

for (const algorithm of ['SHA-256', 'MD5']) {
  test(`a user that proves itself with ${algorithm} gets in, as that user`, async () => {
    const all = world(users);
    await all.say(request('INVITE', { callId: 'auth' }));
    assert.equal(all.phone.lastResponse('401 INVITE').headers.all('WWW-Authenticate').length, 2);
    await all.say(authorized(all, { cseq: 2, callId: 'auth', algorithm }));
    assert.deepEqual(all.bob.invitations[0]?.caller, {
      kind: 'user',
      clientSid: 'C1',
      accountSid: 'A1',
      username: 'alice',
      realm: 'voice.test',
    });
    clean(all);
  });
}

test('attack C1 the same nc twice, or an old nonce, gets a new challenge that says stale, and no invitation', async () => {
  const all = world(users);
  await all.say(request('INVITE', { callId: 'replay' }));
  await all.say(authorized(all, { cseq: 2, callId: 'replay' }));
  await all.say(authorized(all, { cseq: 3, callId: 'replay-2' }));
  assert.equal(all.bob.invitations.length, 1);
  const challenge = chooseChallenge(all.phone.lastResponse('401 INVITE').headers.all('WWW-Authenticate'));
  assert.equal(challenge?.stale, true);
  await all.say(authorized(all, { cseq: 4, callId: 'replay-3' }));
  assert.equal(all.bob.invitations.length, 2);
  await all.say(authorized(all, { cseq: 5, callId: 'replay-4', nc: 2 }));
  assert.equal(all.bob.invitations.length, 3);
  await all.settle(301_000);
  await all.say(authorized(all, { cseq: 6, callId: 'replay-5', nc: 3 }));
  assert.equal(all.bob.invitations.length, 3);
  clean(all);
});

test('attack C1 an unknown user and a wrong password get the same answer, and count', async () => {
  const answers: string[] = [];
  for (const wrong of [{ username: 'mallory' }, { password: 'guess' }]) {
    const all = world(users);
    await all.say(request('INVITE', { callId: 'same' }));
    await all.say(authorized(all, { cseq: 2, callId: 'same', ...wrong }));
    const response = all.phone.lastResponse('403 INVITE');
    answers.push([...response.headers.entries()].filter(([name]) => name !== 'Via' && name !== 'To').join());
    assert.equal(all.bob.invitations.length, 0);
    assert.deepEqual(all.bob.network.offences, [1, 20]);
    clean(all);
  }
  assert.equal(answers[0], answers[1]);
});

test('attack C1 a digest made for another URI does not open this one', async () => {
  const all = world(users);
  await all.say(request('INVITE', { callId: 'uri' }));
  const lines = authorized(all, { cseq: 2, callId: 'uri', uri: 'sip:cheap@voice.test' });
  await all.say(['INVITE sip:expensive@voice.test SIP/2.0', ...lines.slice(1)]);
  assert.ok(all.phone.last('403 INVITE'));
  clean(all);
});

test('a secret that is looked up in a database lets the INVITE in once, though it is resent meanwhile', async () => {
  let release = (): void => {};
  const all = world({
    ...users,
    credentials: () =>
      new Promise((resolve) => {
        release = () => resolve({ clientSid: 'C1', accountSid: 'A1', secret: { password: 'secret' } });
      }),
  });
  await all.say(request('INVITE', { callId: 'slow' }));
  const lines = authorized(all, { cseq: 2, callId: 'slow' });
  await all.say(lines);
  await all.say(lines);
  assert.equal(all.bob.invitations.length, 0);
  release();
  await all.settle();
  assert.equal(all.bob.invitations.length, 1);
  clean(all);
});

test('§21.5.4 a draining agent refuses new INVITEs and OPTIONS with 503 and Retry-After; calls that stand go on', async () => {
  const all = world();
  dial(all.alice, 5062);
  await all.settle();
  const dialog = all.bob.invitations[0]?.accept({ sdp: sdp(2) });
  await all.settle();
  all.bob.agent.draining = true;
  await all.say(request('INVITE'));
  await all.say(request('OPTIONS'));
  assert.ok(all.phone.lastResponse('503 INVITE').headers.has('Retry-After'));
  assert.ok(all.phone.last('503 OPTIONS'));
  const asked = dialog?.request('INFO');
  await all.settle(29_500);
  assert.equal((await asked)?.status, 500);
  clean(all);
});

// Our own requests.

test('§22.3 a challenge of the target is answered once; a second one that is not stale ends it', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070, { credentials: { username: 'u', password: 'p' } });
  await all.settle();
  const challenge = (nonce: string, stale = false): string =>
    `WWW-Authenticate: Digest realm="r", nonce="${nonce}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`;
  all.phone.answer(all.phone.lastRequest('INVITE'), 401, { tag: 'b', to: 5061, headers: [challenge('one')] });
  await all.settle();
  const second = all.phone.lastRequest('INVITE');
  assert.match(second.headers.get('Authorization') ?? '', /username="u", realm="r", nonce="one"/);
  assert.equal(second.cseq.number, 2);
  assert.equal(second.to.params.has('tag'), false);
  all.phone.answer(second, 401, { tag: 'b', to: 5061, headers: [challenge('two', true)] });
  await all.settle();
  const third = all.phone.lastRequest('INVITE');
  assert.match(third.headers.get('Authorization') ?? '', /nonce="two"/);
  all.phone.answer(third, 401, { tag: 'b', to: 5061, headers: [challenge('three')] });
  await all.settle();
  assert.deepEqual(
    heard.failed.map(({ status, by }) => [status, by]),
    [[401, 'response']],
  );
  assert.equal(heard.sent, 3);
  clean(all);
});

test('attack C2 without credentials, or for another realm, nothing is answered', async () => {
  for (const credentials of [undefined, { username: 'u', password: 'p', realm: 'ours' }]) {
    const all = byHand();
    const { heard } = dial(all.alice, 5070, credentials === undefined ? {} : { credentials });
    await all.settle();
    const header = 'Proxy-Authenticate: Digest realm="theirs", nonce="n", algorithm=MD5';
    all.phone.answer(all.phone.lastRequest('INVITE'), 407, { tag: 'b', to: 5061, headers: [header] });
    await all.settle();
    assert.equal(heard.failed[0]?.status, 407);
    assert.equal(heard.sent, 1);
    clean(all);
  }
});

test('attack C2 a challenge of another realm in the middle of a dialog is not answered', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070, { credentials: { username: 'u', password: 'p' } });
  await all.settle();
  const challenge = (realm: string): string =>
    `WWW-Authenticate: Digest realm="${realm}", nonce="n${realm}", algorithm=MD5`;
  all.phone.answer(all.phone.lastRequest('INVITE'), 401, { tag: 'b', to: 5061, headers: [challenge('home')] });
  await all.settle();
  const contact = 'Contact: <sip:bob@127.0.0.1:5070>';
  all.phone.answer(all.phone.lastRequest('INVITE'), 200, {
    tag: 'b',
    to: 5061,
    headers: [contact],
    body: sdp(2).toString(),
  });
  await all.settle();
  const asked = heard.dialogs[0]?.request('INFO');
  await all.settle();
  all.phone.answer(all.phone.lastRequest('INFO'), 401, { to: 5061, headers: [challenge('evil')] });
  await all.settle();
  assert.equal((await asked)?.status, 401);
  heard.dialogs[0]?.bye();
  await all.settle();
  all.phone.answer(all.phone.lastRequest('BYE'), 401, { to: 5061, headers: [challenge('home')] });
  await all.settle();
  assert.ok(all.phone.lastRequest('BYE').headers.has('Authorization'));
  clean(all);
});

const hop = (port: number) => ({ transport: 'udp', address: '127.0.0.1', port }) as const;

test('RFC 3263 §4.3 the next hop is tried after 503 and after silence, with a branch of its own', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070, { hops: [hop(5079), hop(5070), hop(5070)] });
  await all.settle(32_100);
  assert.equal(heard.sent, 2);
  const second = all.phone.lastRequest('INVITE');
  all.phone.answer(second, 503, { tag: 'b', to: 5061 });
  await all.settle();
  const third = all.phone.lastRequest('INVITE');
  assert.notEqual(third.headers.get('Via'), second.headers.get('Via'));
  all.phone.answer(third, 486, { tag: 'b', to: 5061 });
  await all.settle();
  assert.deepEqual(
    heard.failed.map(({ status }) => status),
    [486],
  );
  assert.equal(heard.sent, 3);
  clean(all);
});

test('a URI that leads nowhere fails as a transport error, once', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070, { uri: 'sip:bob@nowhere.invalid' });
  await all.settle();
  assert.deepEqual(
    heard.failed.map(({ by, status }) => [by, status]),
    [['transport', 503]],
  );
  clean(all);
});

test('attack D1 a header or URI that would break the message is never sent', async () => {
  const all = byHand();
  for (const more of [
    { headers: [['X-A', 'a\r\nX-B: b']] },
    { headers: [['v', 'SIP/2.0/UDP evil.test']] },
    { headers: [['content-length', '0']] },
    { uri: 'sip:bob@127.0.0.1:5070>;x=<sip:evil@x>' },
    { from: { uri: 'not a uri' } },
    { from: { displayName: 'a\r\nb', uri: 'sip:a@b.test' } },
  ]) {
    const { heard } = dial(all.alice, 5070, more);
    await all.settle();
    assert.equal(heard.failed.length, 1);
    assert.equal(heard.failed[0]?.by, 'transport');
  }
  assert.equal(all.phone.received.length, 0);
  clean(all);
});

test('a 302 reports the contacts it names', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070);
  await all.settle();
  const headers = ['Contact: <sip:one@x.test>, "Two" <sip:two@x.test>;q=0.5'];
  all.phone.answer(all.phone.lastRequest('INVITE'), 302, { tag: 'b', to: 5061, headers });
  await all.settle();
  assert.deepEqual(heard.failed[0]?.contacts, ['sip:one@x.test', 'sip:two@x.test']);
  clean(all);
});

test('a carrier is known by its source and needs no digest', async () => {
  const all = world({ identify: () => carrier });
  await all.say(request('INVITE'));
  assert.equal(all.bob.invitations[0]?.caller.kind, 'carrier');
  clean(all);
});
