import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { afterEach, test } from 'node:test';
import { phones } from './behaviours.ts';
import { type Header, read, write } from './message.ts';
import type { IncomingPhoneCall } from './incoming.ts';
import { Phone } from './phone.ts';

const open: Phone[] = [];
const phone = async (name: string, options = {}): Promise<Phone> => {
  const made = await Phone.listen({ name, seed: 7 + open.length, ...options });
  open.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

for (const transport of ['udp', 'tcp'] as const) {
  test(`a call over ${transport} rings, is answered, carries a tone each way, and ends`, async () => {
    const bob = await phone('bob', { transport, onInvite: phones.answersAfter(20, { tone: 620 }) });
    const alice = await phone('alice', { transport });
    const call = alice.invites(bob.uri, { tone: 440 });
    assert.equal((await call.rings()).status, 180);
    await call.answered();
    const incoming = await bob.nextCall();
    await incoming.acknowledged();
    await Promise.all([call.hears(620), incoming.hears(440)]);
    assert.ok((call.media?.ears.heard(620) ?? -99) > -16);
    assert.ok((call.media?.ears.heard(440) ?? 0) < -40, 'nothing comes back');
    assert.equal((await call.hangsUp()).status, 200);
    await incoming.byed();
  });
}

test('RFC 4733 digits arrive once each, in order', async () => {
  const bob = await phone('bob', { onInvite: phones.answersAtOnce() });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri);
  await call.answered();
  const incoming = await bob.nextCall();
  await call.presses('12A#', 60);
  await incoming.media?.ears.digits.until((each) => each.digit === '#', { what: '#' });
  assert.equal(incoming.media?.ears.digits.entries.map((each) => each.digit).join(''), '12A#');
  await incoming.hangsUp();
  await call.byed();
});

test('a cancelled call gets 487, and both sides saw the CANCEL', async () => {
  const bob = await phone('bob');
  const alice = await phone('alice');
  const call = alice.invites(bob.uri);
  await call.rings();
  call.cancels([['Reason', 'SIP;cause=487']]);
  const incoming = await bob.nextCall();
  assert.match((await incoming.cancelled()).get('reason') ?? '', /cause=487/);
  assert.equal((await call.refused()).status, 487);
  await incoming.acknowledged();
});

test('a challenge that comes again is acknowledged again, and is no answer to the INVITE with credentials', async (t) => {
  const server = dgram.createSocket('udp4');
  t.after(() => server.close());
  let challenge = (): void => {};
  server.on('message', (bytes, { port, address }) => {
    const request = read(bytes);
    if (request?.method !== 'INVITE') return;
    const kept = request.headers.filter(([name]) => /^(via|from|to|call-id|cseq)$/i.test(name));
    const says = (title: string, more: Header[] = []): void =>
      server.send(write(`SIP/2.0 ${title}`, [...kept, ...more]), port, address);
    const knows = request.get('authorization') !== undefined;
    if (!knows) challenge = () => says('401 Unauthorized', [['WWW-Authenticate', 'Digest realm="x", nonce="n"']]);
    challenge();
    if (knows) says('404 Not Found');
  });
  await new Promise<void>((bound) => server.bind(0, '127.0.0.1', bound));
  const alice = await phone('alice');
  const login = { username: 'alice', password: 'secret' };
  const call = alice.invites(`sip:100@127.0.0.1:${server.address().port}`, { login });
  assert.equal((await call.refused()).status, 404);
  assert.deepEqual(
    call.received.entries.map(({ status }) => status),
    [401, 404],
  );
  const acks = alice.transcript.entries.filter(({ message }) => message?.method === 'ACK');
  assert.equal(acks.length, 3, 'two of the challenge, one of the refusal');
});

test('a 200 that crosses the CANCEL answers the call', async () => {
  const bob = await phone('bob', { onInvite: phones.answersThenCancelCrosses() });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri);
  await call.rings();
  call.cancels();
  assert.equal((await call.answered()).status, 200);
  await call.hangsUp();
});

for (const algorithm of ['MD5', 'SHA-256']) {
  test(`a callee that wants ${algorithm} credentials gets them`, async () => {
    const login = { username: 'u', password: 'secret' };
    const bob = await phone('bob', {
      onInvite: phones.requiresAuth(login, phones.answersAtOnce(), { algorithm, proxy: true }),
    });
    const alice = await phone('alice');
    const call = alice.invites(bob.uri, { login });
    await call.answered();
    await call.hangsUp();
    const wrong = alice.invites(bob.uri, { login: { username: 'u', password: 'guess' } });
    assert.equal((await wrong.refused()).status, 403);
  });
}

test('a challenge that comes again, with another nonce, is acknowledged and does not end the call', async () => {
  const login = { username: 'u', password: 'secret' };
  const challenged = phones.requiresAuth(login, phones.answersAtOnce());
  const alice = await phone('alice');
  const bob = await phone('bob', {
    onInvite: async (call: IncomingPhoneCall) => {
      await challenged(call);
      if (call.finalStatus !== 401) return;
      // As a server that keeps nothing of a challenge, when the INVITE has come twice.
      const peer = { transport: 'udp', address: alice.address, port: alice.port } as const;
      const value = 'Digest realm="carrier.test", nonce="another", algorithm=MD5, qop="auth"';
      call.respond(call.invite, peer, { status: 401, reason: 'Unauthorized', headers: [['WWW-Authenticate', value]] });
    },
  });
  const call = alice.invites(bob.uri, { login });
  await call.answered();
  const acks = alice.transcript.entries.filter(({ direction, title }) => direction === 'out' && title === 'ACK');
  assert.equal(acks.length, 3, 'one for each refusal, one for the 200');
  await call.hangsUp();
});

test('hold stops the other side, resume lets it speak again', async () => {
  const bob = await phone('bob', { onInvite: phones.answersAtOnce({ tone: 620 }) });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri, { tone: 440 });
  await call.answered();
  await call.hears(620);
  assert.equal((await call.holds()).status, 200);
  const incoming = await bob.nextCall();
  assert.equal(incoming.remoteSdp?.direction, 'sendonly');
  await call.resumes();
  await call.hears(620);
  await call.hangsUp();
});

test('lost ACKs make the 200 come again', async () => {
  const bob = await phone('bob', { onInvite: phones.answersAtOnce() });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri, { acks: false });
  await call.answered();
  await call.gets(
    (message) => message.status === 200 && call.received.entries.filter((each) => each.status === 200).length > 1,
  );
  call.acks();
  await (await bob.nextCall()).acknowledged();
  await call.hangsUp();
});

test('a late offer is answered in the ACK', async () => {
  const bob = await phone('bob', { onInvite: phones.answersAtOnce({ tone: 620 }) });
  const alice = await phone('alice');
  const call = alice.invites(bob.uri, { sdp: 'none', tone: 440 });
  await call.answered();
  const incoming = await bob.nextCall();
  await Promise.all([incoming.hears(440), call.hears(620)]);
  await call.hangsUp();
});

test('lost packets are as many as asked for', async () => {
  const bob = await phone('bob', { onInvite: phones.answersAtOnce() });
  const alice = await phone('alice');
  alice.dropsPackets(100);
  const call = alice.invites(bob.uri, { tone: 440 });
  await call.answered();
  const incoming = await bob.nextCall();
  await call.media?.ears.packets.until(() => call.media?.ears.packets.entries.length === 10, { what: '10 packets' });
  assert.equal(incoming.media?.ears.packets.entries.length, 0);
  await call.hangsUp();
});
