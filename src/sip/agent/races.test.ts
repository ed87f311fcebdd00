/** Messages that cross, get lost or come twice; time is the fake clock's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byHand, clean, dial, established, pair, Phone, sdp } from './fixture.test.ts';
import type { DialogEnd } from './types.ts';

const contact = 'Contact: <sip:bob@127.0.0.1:5070>';

test('§9.1 a 200 that crosses our CANCEL is acknowledged and ended by BYE, and the call failed once', async () => {
  const world = byHand();
  const { alice, phone, settle } = world;
  const { call, heard } = dial(alice, 5070);
  await settle();
  const invite = phone.lastRequest('INVITE');
  phone.answer(invite, 180, { tag: 'b', to: 5061, headers: [contact] });
  await settle();
  call.cancel({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  phone.answer(invite, 200, { tag: 'b', to: 5061, headers: [contact], body: sdp(2).toString() });
  await settle();
  const cancel = phone.lastRequest('CANCEL');
  assert.equal(cancel.headers.get('Via'), invite.headers.get('Via'));
  assert.equal(cancel.headers.get('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
  assert.equal(phone.lastRequest('ACK').to.params.get('tag'), 'b');
  const bye = phone.lastRequest('BYE');
  assert.equal(bye.to.params.get('tag'), 'b');
  assert.equal(bye.cseq.number, 2);
  assert.equal(bye.headers.get('Reason'), cancel.headers.get('Reason'));
  assert.deepEqual(
    heard.failed.map(({ by, status }) => [by, status]),
    [['cancelled', 487]],
  );
  assert.equal(heard.dialogs.length, 0);
  // The 200 comes again: only its ACK does too.
  phone.answer(invite, 200, { tag: 'b', to: 5061, headers: [contact], body: sdp(2).toString() });
  await settle();
  assert.equal(phone.received.filter((each) => each.kind === 'request' && each.method === 'ACK').length, 2);
  assert.equal(phone.received.filter((each) => each.kind === 'request' && each.method === 'BYE').length, 1);
  assert.equal(heard.failed.length, 1);
  clean(world);
});

test('§9.1 a CANCEL waits for the first provisional', async () => {
  const world = byHand();
  const { alice, phone, settle } = world;
  const { call, heard } = dial(alice, 5070);
  await settle();
  call.cancel();
  call.cancel();
  await settle();
  assert.equal(phone.last('CANCEL'), undefined);
  phone.answer(phone.lastRequest('INVITE'), 100, { to: 5061 });
  await settle();
  phone.answer(phone.lastRequest('CANCEL'), 200, { to: 5061 });
  phone.answer(phone.lastRequest('INVITE'), 487, { tag: 'b', to: 5061 });
  await settle();
  assert.deepEqual(
    heard.failed.map(({ by, status }) => [by, status]),
    [['cancelled', 487]],
  );
  clean(world);
});

test('a call cancelled before it left sends nothing and fails at once', async () => {
  const world = byHand();
  const { call, heard } = dial(world.alice, 5070);
  call.cancel();
  await world.settle();
  assert.equal(world.phone.received.length, 0);
  assert.equal(heard.failed[0]?.by, 'cancelled');
  clean(world);
});

test('§9.1 a peer that never ends a cancelled INVITE is given up 64·T1 after the CANCEL', async () => {
  const world = byHand();
  const { call, heard } = dial(world.alice, 5070);
  await world.settle();
  world.phone.answer(world.phone.lastRequest('INVITE'), 180, { tag: 'b', to: 5061 });
  await world.settle();
  call.cancel();
  await world.settle(31_900);
  assert.deepEqual(heard.failed, []);
  await world.settle(200);
  assert.deepEqual(
    heard.failed.map(({ by }) => by),
    ['cancelled'],
  );
  clean(world);
});

test('§13.2.2.4 the 200 of a second fork is acknowledged and ended by BYE; the first one stands', async () => {
  const world = byHand();
  const { alice, phone, settle } = world;
  const { heard } = dial(alice, 5070);
  await settle();
  const invite = phone.lastRequest('INVITE');
  for (const tag of ['x', 'y']) phone.answer(invite, 180, { tag, to: 5061, headers: [contact] });
  for (const tag of ['x', 'y'])
    phone.answer(invite, 200, { tag, to: 5061, headers: [contact], body: sdp(2).toString() });
  await settle();
  assert.deepEqual(
    heard.progress.map(({ fork }) => fork),
    ['x', 'y'],
  );
  assert.equal(heard.dialogs.length, 1);
  assert.equal(heard.dialogs[0]?.remoteTag, 'x');
  const acked = phone.received.flatMap((each) =>
    each.kind === 'request' && each.method === 'ACK' ? [each.to.params.get('tag')] : [],
  );
  assert.deepEqual(acked, ['x', 'y']);
  assert.equal(phone.lastRequest('BYE').to.params.get('tag'), 'y');
  clean(world);
});

test('§13.2.2.4 a 200 that comes again is acknowledged again, and nobody hears of it', async () => {
  const world = byHand();
  const { heard } = dial(world.alice, 5070);
  await world.settle();
  const invite = world.phone.lastRequest('INVITE');
  for (let times = 0; times < 3; times++) {
    world.phone.answer(invite, 200, { tag: 'b', to: 5061, headers: [contact], body: sdp(2).toString() });
    await world.settle();
  }
  assert.equal(world.phone.received.filter((each) => each.kind === 'request' && each.method === 'ACK').length, 3);
  assert.equal(heard.dialogs.length, 1);
  clean(world);
});

test('§13.3.1.4 a 200 is resent until its ACK comes through', async () => {
  const world = pair();
  let lost = 0;
  world.wires.lose = (message) => message.kind === 'request' && message.method === 'ACK' && (lost += 1) <= 2;
  const { heard } = dial(world.alice, 5062);
  await world.settle();
  const acks: number[] = [];
  const dialog = world.bob.invitations[0]?.accept({ sdp: sdp(2) });
  dialog?.events.on('acknowledged', () => void acks.push(1));
  await world.settle(5000);
  assert.equal(acks.length, 1);
  assert.equal(heard.dialogs.length, 1);
  assert.equal(world.wires.titles().filter((title) => title === '5062 200 INVITE').length, 3);
  clean(world);
});

test('§13.3.1.4 without any ACK the callee says BYE after 64·T1', async () => {
  const world = pair();
  world.wires.lose = (message) => message.kind === 'request' && message.method === 'ACK';
  dial(world.alice, 5062);
  await world.settle();
  const ends: DialogEnd[] = [];
  world.bob.invitations[0]?.accept({ sdp: sdp(2) }).events.on('ended', (end) => void ends.push(end));
  await world.settle(32_500);
  assert.deepEqual(
    ends.map(({ by }) => by),
    ['timeout'],
  );
  assert.ok(world.wires.titles().includes('5062 BYE'));
  clean(world);
});

test('§15 told to hang up before the ACK, the callee waits for it with its BYE', async () => {
  const world = pair();
  dial(world.alice, 5062);
  await world.settle();
  const ends: DialogEnd[] = [];
  const dialog = world.bob.invitations[0]?.accept({ sdp: sdp(2) });
  dialog?.events.on('ended', (end) => void ends.push(end));
  dialog?.bye();
  assert.deepEqual(
    ends.map(({ by }) => by),
    ['local'],
  );
  await world.settle();
  const titles = world.wires.titles();
  assert.ok(titles.indexOf('5062 BYE') > titles.indexOf('5061 ACK'));
  clean(world);
});

test('an INVITE that comes again makes no second invitation', async () => {
  const world = pair();
  world.wires.lose = (message) => message.kind === 'response' && message.status === 100;
  dial(world.alice, 5062);
  await world.settle(4000);
  assert.ok(world.wires.titles().filter((title) => title === '5061 INVITE').length > 2);
  assert.equal(world.bob.invitations.length, 1);
  clean(world);
});

test('BYEs that cross are both answered 200, and each side ends once', async () => {
  const world = await established();
  world.alices.bye();
  world.bobs.bye();
  await world.settle();
  assert.deepEqual([world.ends.alice.length, world.ends.bob.length], [1, 1]);
  assert.equal(world.wires.titles().filter((title) => title.endsWith('200 BYE')).length, 2);
  clean(world);
});

test('§14.1 re-INVITEs that cross get 491 and both come through in the end', async () => {
  const world = await established();
  world.bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(3) }));
  world.alices.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(4) }));
  const statuses: number[] = [];
  void world.alices.reinvite({ sdp: sdp(5) }).then(({ status }) => statuses.push(status));
  void world.bobs.reinvite({ sdp: sdp(6) }).then(({ status }) => statuses.push(status));
  await world.settle(5000);
  assert.deepEqual(statuses, [200, 200]);
  assert.equal(world.wires.titles().filter((title) => title.endsWith('491 INVITE')).length, 2);
  clean(world);
});

test('§14.1 after a glare the peer goes first, and we try again with an offer made then', async () => {
  const world = await established();
  const log: string[] = [];
  world.alices.events.on('reinvite', (request) => {
    log.push(`takes ${request.sdp?.toString() === sdp(6).toString() ? 'theirs' : '?'}`);
    request.reply({ status: 200, sdp: sdp(3) });
  });
  world.bobs.events.on('reinvite', (request) => {
    log.push(`offered ${request.sdp?.toString() === sdp(7).toString() ? 'anew' : '?'}`);
    request.reply({ status: 200, sdp: sdp(4) });
  });
  const glare = { withdraw: () => void log.push('withdraws'), again: () => sdp(7) };
  const ours = world.alices.reinvite({ sdp: sdp(5), glare });
  void world.bobs.reinvite({ sdp: sdp(6) });
  await world.settle(5000);
  assert.equal((await ours).status, 200);
  assert.deepEqual(log, ['withdraws', 'takes theirs', 'offered anew']);
  clean(world);
});

test('two re-INVITEs of one side go one after the other', async () => {
  const world = await established();
  world.bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: request.sdp ?? sdp(9) }));
  const bodies: string[] = [];
  void world.alices.reinvite({ sdp: sdp(5) }).then(({ body }) => bodies.push(body.toString()));
  void world.alices.reinvite({ sdp: sdp(6) }).then(({ body }) => bodies.push(body.toString()));
  await world.settle(1000);
  assert.deepEqual(bodies, [sdp(5).toString(), sdp(6).toString()]);
  assert.ok(!world.wires.titles().some((title) => title.includes('491')));
  clean(world);
});

test('§14.2 a second re-INVITE before the first is answered gets 500 with Retry-After', async () => {
  const world = await established();
  const phone = new Phone(world.wires, 5070);
  const held: Array<{ reply(options: { status: number }): void }> = [];
  world.bobs.events.on('reinvite', (request) => void held.push(request));
  for (const cseq of [2, 3]) {
    phone.send(
      5062,
      [
        'INVITE sip:127.0.0.1:5062 SIP/2.0',
        `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKr${cseq}`,
        `From: <sip:alice@example.test>;tag=${world.alices.localTag}`,
        `To: <sip:bob@127.0.0.1:5062>;tag=${world.alices.remoteTag}`,
        `Call-ID: ${world.alices.callId}`,
        `CSeq: ${cseq} INVITE`,
        'Max-Forwards: 70',
        'Contact: <sip:alice@127.0.0.1:5061>',
        'Content-Type: application/sdp',
      ],
      sdp(7).toString(),
    );
  }
  await world.settle();
  assert.equal(held.length, 1);
  const busy = phone.lastResponse('500 INVITE');
  assert.match(busy.headers.get('Retry-After') ?? '', /^\d+$/);
  held[0]?.reply({ status: 488 });
  await world.settle();
  assert.ok(phone.last('488 INVITE'));
  clean(world);
});

test('§12.2.2 a request with an old CSeq gets 500', async () => {
  const world = await established();
  const phone = new Phone(world.wires, 5070);
  phone.send(5062, [
    'INFO sip:127.0.0.1:5062 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKold',
    `From: <sip:alice@example.test>;tag=${world.alices.localTag}`,
    `To: <sip:bob@127.0.0.1:5062>;tag=${world.alices.remoteTag}`,
    `Call-ID: ${world.alices.callId}`,
    'CSeq: 1 INFO',
    'Max-Forwards: 70',
  ]);
  await world.settle();
  assert.ok(phone.last('500 INFO'));
  clean(world);
});

test('§12.2.1.2 a 481 to a request in the dialog ends it', async () => {
  const world = await established();
  world.bobs.events.on('request', (request) => request.reply({ status: 481 }));
  const response = await Promise.all([world.alices.request('INFO'), world.settle()]);
  assert.equal(response[0].status, 481);
  assert.deepEqual(
    world.ends.alice.map(({ by }) => by),
    ['timeout'],
  );
  clean(world);
});

test('a request in the dialog that nobody answers ends it after 64·T1, with a BYE', async () => {
  const world = await established();
  world.wires.lose = (_, from) => from === 5062;
  const asked = world.alices.request('INFO');
  await world.settle(32_500);
  assert.equal((await asked).status, 408);
  assert.deepEqual(
    world.ends.alice.map(({ by }) => by),
    ['timeout'],
  );
  assert.ok(world.wires.titles().includes('5061 BYE'));
  clean(world);
});

test('a request nobody replies to is refused in time, and leaves nothing', async () => {
  const world = await established();
  const asked = world.alices.request('INFO');
  await world.settle(30_000);
  assert.equal((await asked).status, 500);
  clean(world);
});

test('a BYE while a re-INVITE waits for its reply refuses that with 487', async () => {
  const world = await established();
  const asked = world.alices.reinvite({ sdp: sdp(5) });
  await world.settle();
  world.alices.bye();
  await world.settle();
  assert.equal((await asked).status, 487);
  assert.deepEqual(
    world.ends.bob.map(({ by }) => by),
    ['remote'],
  );
  clean(world);
});

test('§9.2 a CANCEL of the caller ends the invitation with its Reason', async () => {
  const world = pair();
  const { call, heard } = dial(world.alice, 5062);
  await world.settle();
  const [invitation] = world.bob.invitations;
  const causes: Array<number | undefined> = [];
  invitation?.events.on('cancelled', (reason) => void causes.push(reason?.cause));
  invitation?.progress({ status: 180 });
  await world.settle();
  call.cancel({ protocol: 'Q.850', cause: 16, text: 'Normal' });
  await world.settle();
  assert.deepEqual(causes, [16]);
  assert.equal(heard.failed[0]?.by, 'cancelled');
  // Too late for anything: nothing is sent and nothing thrown.
  invitation?.progress({ status: 183 });
  invitation?.reject({ status: 486 });
  clean(world);
});

test('§15 a BYE of the caller in the early dialog ends the INVITE with 487', async () => {
  const world = pair();
  const phone = new Phone(world.wires, 5070);
  phone.send(5062, [
    'INVITE sip:bob@127.0.0.1:5062 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKi',
    'From: <sip:p@example.test>;tag=p',
    'To: <sip:bob@example.test>',
    'Call-ID: early',
    'CSeq: 1 INVITE',
    'Max-Forwards: 70',
    'Contact: <sip:p@127.0.0.1:5070>',
  ]);
  await world.settle();
  const [invitation] = world.bob.invitations;
  let cancelled = 0;
  invitation?.events.on('cancelled', () => void (cancelled += 1));
  invitation?.progress({ status: 180 });
  await world.settle();
  const tag = phone.lastResponse('180 INVITE').to.params.get('tag');
  phone.send(5062, [
    'BYE sip:bob@127.0.0.1:5062 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKb',
    'From: <sip:p@example.test>;tag=p',
    `To: <sip:bob@example.test>;tag=${String(tag)}`,
    'Call-ID: early',
    'CSeq: 2 BYE',
    'Max-Forwards: 70',
  ]);
  await world.settle();
  assert.ok(phone.last('200 BYE'));
  assert.ok(phone.last('487 INVITE'));
  assert.equal(cancelled, 1);
  clean(world);
});

test('attack D1 a header that may not leave stops neither the dialog nor its BYE', async () => {
  const world = await established();
  world.bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(3) }));
  const bad = [['X-A', 'a\r\nX-B: b']] as const;
  const refused = await world.alices.reinvite({ sdp: sdp(5), headers: bad });
  assert.ok(refused.status >= 400);
  const next = world.alices.reinvite({ sdp: sdp(6) });
  await world.settle();
  assert.equal((await next).status, 200);
  world.alices.bye({ headers: bad });
  await world.settle();
  assert.deepEqual([world.ends.alice.length, world.ends.bob.length], [1, 1]);
  clean(world);
});

test('an answer that throws does not keep the ACK of a late offer back', async () => {
  const world = pair();
  const answer = (): Buffer => assert.fail('no answer');
  const { heard } = dial(world.alice, 5062, { sdp: undefined, answer });
  await world.settle();
  world.bob.invitations[0]?.accept({ sdp: sdp(2) });
  await world.settle();
  assert.equal(heard.dialogs.length, 1);
  assert.ok(world.wires.titles().includes('5061 ACK'));
  clean(world);
});

test('close in the middle of everything leaves no timer', async () => {
  const world = await established();
  void world.alices.reinvite({ sdp: sdp(5) });
  dial(world.alice, 5062);
  dial(world.bob, 5061).call.cancel();
  await world.settle(50);
  clean(world);
});
