/** Registrations: those of our users, and ours at a carrier; gateways watched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../base/index.ts';
import { openLive } from '../../live/index.ts';
import type { LiveStore } from '../../ports/index.ts';
import { authorizationFor, chooseChallenge, type SipResponse } from '../message/index.ts';
import { byHand, clean, pair, Phone, sdp } from './fixture.test.ts';

async function world(maxContacts = 3) {
  let live: LiveStore | undefined;
  const all = pair({
    bob: {
      identify: () => ({ kind: 'challenge', realm: 'voice.test' }),
      credentials: (username) => ({ clientSid: `C-${username}`, accountSid: 'A', secret: { password: 'secret' } }),
      registrar: {
        get live(): LiveStore {
          assert.ok(live);
          return live;
        },
        node: 'n1',
        maxContacts,
      },
    },
    live: async (clock) => (live = await openLive('memory:', { clock, log: silentLog, node: 'n1' })),
  });
  await all.ready;
  assert.ok(live);
  const phone = new Phone(all.wires, 5070);
  let cseq = 0;
  const send = async (
    more: { headers: readonly string[]; to: string; callId: string; cseq?: number },
    authorization?: string,
  ): Promise<void> => {
    cseq += 1;
    const number = more.cseq ?? cseq;
    phone.send(5062, [
      'REGISTER sip:voice.test SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKr${cseq}`,
      `From: <sip:${more.to}>;tag=a`,
      `To: <sip:${more.to}>`,
      `Call-ID: ${more.callId}`,
      `CSeq: ${number} REGISTER`,
      'Max-Forwards: 70',
      ...more.headers,
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ]);
    await all.settle();
  };
  /** REGISTER with what the challenge asks for. */
  const register = async (
    headers: readonly string[],
    options: { user?: string; to?: string; callId?: string; cseq?: number } = {},
  ): Promise<SipResponse> => {
    const { user = 'alice', to = `${user}@voice.test`, callId = 'reg' } = options;
    const about = { headers, to, callId, ...(options.cseq === undefined ? {} : { cseq: options.cseq }) };
    await send(about);
    const challenge = chooseChallenge(phone.lastResponse('401 REGISTER').headers.all('WWW-Authenticate'));
    assert.ok(challenge);
    const request = {
      username: user,
      password: 'secret',
      method: 'REGISTER',
      uri: 'sip:voice.test',
      nc: 1,
      cnonce: 'c',
    };
    await send(about, authorizationFor(challenge, request));
    const last = phone.received.at(-1);
    assert.ok(last?.kind === 'response');
    return last;
  };
  const close = (): void => {
    void live?.close();
    all.close();
  };
  return { ...all, close, phone, register, bindings: () => live?.bindings('alice@voice.test') ?? Promise.resolve([]) };
}

test('§10.3 a device registers, is listed with what is left, and is reached where it came from', async () => {
  const all = await world();
  const response = await all.register(['Contact: <sip:alice@192.168.1.5:5060>;q=0.5', 'Expires: 600']);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('Contact') ?? '', /^<sip:alice@192\.168\.1\.5:5060>;expires=600;q=0\.5$/);
  const [binding] = await all.bindings();
  assert.ok(binding);
  assert.deepEqual(
    [binding.address, binding.port, binding.clientSid, binding.accountSid],
    ['127.0.0.1', 5070, 'C-alice', 'A'],
  );
  all.bob.agent.invite({ ...all.bob.agent.routeTo(binding), from: { uri: 'sip:x@voice.test' }, sdp: sdp(1) });
  await all.settle();
  const invite = all.phone.lastRequest('INVITE');
  assert.equal(invite.uri, 'sip:alice@192.168.1.5:5060');
  // Its dialog stays on that way, whatever private address the Contact of its 200 names.
  const contact = 'Contact: <sip:alice@192.168.1.5:5060>';
  all.phone.answer(invite, 200, { tag: 'd', to: 5062, headers: [contact], body: sdp(2).toString() });
  await all.settle();
  assert.equal(all.phone.lastRequest('ACK').uri, 'sip:alice@192.168.1.5:5060');
  clean(all);
});

test('§10.3 several contacts, one removed by Expires 0, all by an asterisk', async () => {
  const all = await world();
  await all.register(['Contact: <sip:alice@a.test>']);
  const two = await all.register(['Contact: <sip:alice@b.test>'], { callId: 'other' });
  assert.equal(two.headers.all('Contact').length, 2);
  const one = await all.register(['Contact: <sip:alice@a.test>;expires=0']);
  assert.equal(one.headers.all('Contact').length, 1);
  assert.equal((await all.register(['Contact: *', 'Expires: 60'])).status, 400);
  const none = await all.register(['Contact: *', 'Expires: 0']);
  assert.equal(none.status, 200);
  assert.deepEqual(await all.bindings(), []);
  clean(all);
});

test('§10.3 too short an interval gets 423 with Min-Expires; too long a one is cut', async () => {
  const all = await world();
  const short = await all.register(['Contact: <sip:alice@a.test>', 'Expires: 5']);
  assert.equal(short.status, 423);
  assert.equal(short.headers.get('Min-Expires'), '60');
  const long = await all.register(['Contact: <sip:alice@a.test>;expires=4294967295']);
  assert.match(long.headers.get('Contact') ?? '', /expires=3600/);
  clean(all);
});

test('§10.3 a REGISTER without Contact asks, and changes nothing', async () => {
  const all = await world();
  await all.register(['Contact: <sip:alice@a.test>']);
  assert.equal((await all.register([])).headers.all('Contact').length, 1);
  clean(all);
});

test('attack C3 nobody registers for another user', async () => {
  const all = await world();
  const response = await all.register(['Contact: <sip:mallory@a.test>'], { user: 'mallory', to: 'alice@voice.test' });
  assert.equal(response.status, 403);
  assert.deepEqual(await all.bindings(), []);
  clean(all);
});

test('attack C3 a Path that names another than its sender is refused', async () => {
  const all = await world();
  const headers = ['Contact: <sip:alice@a.test>', 'Supported: path'];
  assert.equal((await all.register([...headers, 'Path: <sip:10.0.0.1;lr>'])).status, 403);
  const believed = await all.register([...headers, 'Path: <sip:127.0.0.1:5070;lr>']);
  assert.equal(believed.headers.get('Path'), '<sip:127.0.0.1:5070;lr>');
  const [binding] = await all.bindings();
  assert.ok(binding);
  assert.equal(all.bob.agent.routeTo(binding).route, '<sip:127.0.0.1:5070;lr>');
  clean(all);
});

test('an address of record has no more contacts than allowed, and an instance replaces its own', async () => {
  const all = await world(2);
  await all.register(['Contact: <sip:alice@a.test>;+sip.instance="<urn:uuid:1>"']);
  await all.register(['Contact: <sip:alice@b.test>'], { callId: 'two' });
  assert.equal((await all.register(['Contact: <sip:alice@c.test>'], { callId: 'three' })).status, 403);
  const moved = await all.register(['Contact: <sip:alice@d.test>;+sip.instance="<urn:uuid:1>"'], { callId: 'four' });
  assert.equal(moved.status, 200);
  assert.deepEqual((await all.bindings()).map(({ contact }) => contact).sort(), [
    'sip:alice@b.test',
    'sip:alice@d.test',
  ]);
  clean(all);
});

const flow = (id: string, more = ''): string[] => [
  `Contact: <sip:alice@a.test;ob>;+sip.instance="<urn:uuid:1>";reg-id=${id}${more}`,
  'Supported: path, outbound',
  'Path: <sip:127.0.0.1:5070;lr;ob>',
];

test('RFC 5626 §6 each flow of a device has a binding, which its own later REGISTER alone replaces', async () => {
  const all = await world(2);
  const first = await all.register(flow('1'), { cseq: 50 });
  assert.equal(first.headers.get('Require'), 'outbound');
  assert.equal(first.headers.get('Flow-Timer'), '30');
  // The REGISTERs of two flows may overtake each other.
  const second = await all.register(flow('2'), { cseq: 40 });
  assert.deepEqual(
    second.headers
      .all('Contact')
      .map((each) => each.replace(/^.*;/, ''))
      .sort(),
    ['reg-id=1', 'reg-id=2'],
  );
  assert.equal((await all.register(flow('1'), { cseq: 45 })).status, 500);
  assert.equal((await all.register(flow('3'), { cseq: 55 })).status, 403);
  const left = await all.register(flow('2', ';expires=0'), { cseq: 60 });
  assert.equal(left.headers.all('Contact').length, 1);
  assert.deepEqual(
    (await all.bindings()).map(({ regId, instance }) => [regId, instance]),
    [[1, '<urn:uuid:1>']],
  );
  clean(all);
});

test('RFC 5626 §6 a first proxy that does not keep flows is said by 439; who does not ask for them has none', async () => {
  const all = await world();
  const [contact = ''] = flow('1');
  const path = 'Path: <sip:127.0.0.1:5070;lr>';
  assert.equal((await all.register([contact, 'Supported: outbound', path])).status, 439);
  const plain = await all.register([contact, path]);
  assert.deepEqual(
    [plain.status, plain.headers.get('Require'), plain.headers.get('Flow-Timer')],
    [200, undefined, undefined],
  );
  // Over UDP without a proxy: a device would look for STUN.
  await all.register([contact, 'Supported: outbound']);
  for (const id of ['0', '-1', '4294967296', 'x', '1.5']) await all.register(flow(id));
  assert.deepEqual(
    (await all.bindings()).map(({ regId }) => regId),
    [undefined],
  );
  const two = await all.register([...flow('1'), 'Contact: <sip:b@a.test>;+sip.instance="<urn:uuid:1>";reg-id=2']);
  assert.equal(two.status, 400);
  clean(all);
});

test('§10.3 an older REGISTER of the same Call-ID does not undo a newer one', async () => {
  const all = await world();
  await all.register(['Contact: <sip:alice@a.test>'], { cseq: 50 });
  assert.equal((await all.register(['Contact: *', 'Expires: 0'], { cseq: 49 })).status, 500);
  assert.equal((await all.bindings()).length, 1);
  clean(all);
});

test('§10.2 our registration answers the challenge, is refreshed before it ends and taken back at close', async () => {
  const all = byHand();
  const registration = all.alice.agent.register({
    uri: 'sip:carrier.test',
    from: 'sip:trunk@carrier.test',
    contactUser: 'trunk',
    credentials: { username: 'u', password: 'p' },
    hops: [{ transport: 'udp', address: '127.0.0.1', port: 5070 }],
    expires: 600,
  });
  const states: string[] = [];
  registration.events.on('status', ({ state }) => void states.push(state));
  await all.settle();
  const challenge = 'WWW-Authenticate: Digest realm="carrier.test", nonce="n", algorithm=MD5, qop="auth"';
  all.phone.answer(all.phone.lastRequest('REGISTER'), 401, { tag: 'r', to: 5061, headers: [challenge] });
  await all.settle();
  const second = all.phone.lastRequest('REGISTER');
  assert.ok(second.headers.has('Authorization'));
  all.phone.answer(second, 200, {
    tag: 'r',
    to: 5061,
    headers: ['Contact: <sip:other@x>;expires=9, <sip:trunk@127.0.0.1:5061>;expires=300'],
  });
  await all.settle();
  assert.deepEqual(states, ['registered']);
  const before = all.phone.received.length;
  await all.settle(239_000);
  assert.equal(all.phone.received.length, before);
  await all.settle(2000);
  const refresh = all.phone.lastRequest('REGISTER');
  assert.equal(refresh.cseq.number, 3);
  assert.equal(refresh.callId, second.callId);
  all.phone.answer(refresh, 200, { tag: 'r', to: 5061, headers: ['Expires: 300'] });
  await all.settle();
  const closed = all.alice.agent.close();
  await all.settle();
  const last = all.phone.lastRequest('REGISTER');
  assert.match(last.headers.get('Contact') ?? '', /expires=0$/);
  all.phone.answer(last, 200, { tag: 'r', to: 5061 });
  await all.settle();
  await closed;
  clean(all);
});

test('RFC 5626 §4.5 a refused registration is tried again later, a 423 at once with its Min-Expires', async () => {
  const all = byHand();
  const registration = all.alice.agent.register({
    uri: 'sip:carrier.test',
    from: 'sip:trunk@carrier.test',
    contactUser: 'trunk',
    hops: [{ transport: 'udp', address: '127.0.0.1', port: 5070 }],
    expires: 60,
  });
  await all.settle();
  all.phone.answer(all.phone.lastRequest('REGISTER'), 423, { tag: 'r', to: 5061, headers: ['Min-Expires: 1800'] });
  await all.settle();
  const second = all.phone.lastRequest('REGISTER');
  assert.equal(second.headers.get('Expires'), '1800');
  all.phone.answer(second, 403, { tag: 'r', to: 5061 });
  await all.settle();
  assert.deepEqual(registration.status, { state: 'failed', status: 403, reason: 'Anything' });
  await all.settle(14_000);
  assert.equal(all.phone.lastRequest('REGISTER').cseq.number, 2);
  await all.settle(17_000);
  assert.equal(all.phone.lastRequest('REGISTER').cseq.number, 3);
  // Nobody answers the goodbye: two seconds, then we go.
  const closed = all.alice.agent.close();
  await all.settle(2200);
  await closed;
  clean(all);
});

test('a gateway is up when it answers OPTIONS, and down after two silences', async () => {
  const all = byHand();
  const ping = all.alice.agent.ping({ uri: 'sip:127.0.0.1:5070', intervalMs: 10_000 });
  const moves: string[] = [];
  ping.events.on('up', () => void moves.push('up'));
  ping.events.on('down', () => void moves.push('down'));
  await all.settle();
  all.phone.answer(all.phone.lastRequest('OPTIONS'), 404, { tag: 'g', to: 5061 });
  await all.settle();
  assert.deepEqual(moves, ['up']);
  await all.settle(43_000);
  assert.equal(ping.up, true);
  await all.settle(43_000);
  assert.deepEqual(moves, ['up', 'down']);
  await all.settle(11_000);
  all.phone.answer(all.phone.lastRequest('OPTIONS'), 200, { tag: 'g', to: 5061 });
  await all.settle();
  assert.deepEqual(moves, ['up', 'down', 'up']);
  ping.close();
  ping.close();
  clean(all);
});
