/** Reliable provisionals (RFC 3262), UPDATE (RFC 3311), late offers, session timers (RFC 4028). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byHand, clean, dial, established, pair, Phone, sdp } from './fixture.test.ts';
import type { DialogEnd } from './types.ts';

const contact = 'Contact: <sip:bob@127.0.0.1:5070>';

function inviteLines(more: readonly string[] = []): string[] {
  return [
    'INVITE sip:bob@127.0.0.1:5062 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKi',
    'From: <sip:p@example.test>;tag=p',
    'To: <sip:bob@example.test>',
    'Call-ID: by-hand',
    'CSeq: 1 INVITE',
    'Max-Forwards: 70',
    'Contact: <sip:p@127.0.0.1:5070>',
    ...more,
  ];
}

function inDialog(method: string, cseq: number, tag: unknown, more: readonly string[] = []): string[] {
  return [
    `${method} sip:bob@127.0.0.1:5062 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK${method}${cseq}`,
    'From: <sip:p@example.test>;tag=p',
    `To: <sip:bob@example.test>;tag=${String(tag)}`,
    'Call-ID: by-hand',
    `CSeq: ${cseq} ${method}`,
    'Max-Forwards: 70',
    'Contact: <sip:p@127.0.0.1:5070>',
    ...more,
  ];
}

async function invited(more: readonly string[] = [], body = '') {
  const world = pair();
  const phone = new Phone(world.wires, 5070);
  phone.send(5062, inviteLines(body === '' ? more : [...more, 'Content-Type: application/sdp']), body);
  await world.settle();
  const [invitation] = world.bob.invitations;
  assert.ok(invitation);
  return { ...world, phone, invitation };
}

test('RFC 3262 early media between two of us is acknowledged by PRACK, and the 200 waits for it', async () => {
  const world = pair();
  const { heard } = dial(world.alice, 5062);
  await world.settle();
  const [invitation] = world.bob.invitations;
  let pracks = 0;
  invitation?.events.on('prack', () => void (pracks += 1));
  invitation?.progress({ status: 183, sdp: sdp(2) });
  invitation?.accept({ sdp: sdp(2) });
  await world.settle();
  assert.equal(heard.progress[0]?.sdp?.toString(), sdp(2).toString());
  assert.equal(heard.dialogs.length, 1);
  const titles = world.wires.titles();
  assert.ok(titles.indexOf('5062 200 INVITE') > titles.indexOf('5061 PRACK'));
  // The dialog counts on from the PRACK: its BYE is the third request.
  heard.dialogs[0]?.bye();
  await world.settle();
  const bye = world.wires.sent
    .map(({ message }) => message)
    .find((each) => each.kind === 'request' && each.method === 'BYE');
  assert.equal(bye?.cseq.number, 3);
  clean(world);
});

test('RFC 3262 §3 an 18x without PRACK is resent with doubling intervals, then the INVITE gets 504', async () => {
  const world = await invited(['Supported: 100rel'], sdp(1).toString());
  const began = world.clock.now();
  let over = 0;
  world.invitation.events.on('cancelled', () => void (over += 1));
  world.invitation.progress({ status: 183, sdp: sdp(2) });
  await world.settle(32_500);
  const times = world.wires.sent.filter(({ message }) => message.kind === 'response' && message.status === 183);
  assert.deepEqual(
    times.map(({ at }) => Math.round((at - began) / 100) * 100),
    [0, 500, 1500, 3500, 7500, 15_500, 31_500],
  );
  assert.ok(world.phone.last('504 INVITE'));
  assert.equal(over, 1);
  clean(world);
});

test('RFC 3262 §3 a second reliable 18x waits for the PRACK of the first, with the next RSeq', async () => {
  const world = await invited(['Require: 100rel'], sdp(1).toString());
  world.invitation.progress({ status: 183, sdp: sdp(2) });
  world.invitation.progress({ status: 180 });
  await world.settle();
  const first = world.phone.lastResponse('183 INVITE');
  assert.equal(world.phone.last('180 INVITE'), undefined);
  const rseq = Number(first.headers.get('RSeq'));
  const tag = first.to.params.get('tag');
  world.phone.send(5062, inDialog('PRACK', 2, tag, [`RAck: ${rseq + 5} 1 INVITE`]));
  await world.settle();
  assert.ok(world.phone.last('481 PRACK'));
  world.phone.send(5062, inDialog('PRACK', 3, tag, [`RAck: ${rseq} 1 INVITE`]));
  await world.settle();
  assert.ok(world.phone.last('200 PRACK'));
  assert.equal(Number(world.phone.lastResponse('180 INVITE').headers.get('RSeq')), rseq + 1);
  clean(world);
});

test('RFC 3262 §5 our offer in a 183 is answered in the PRACK', async () => {
  const world = await invited(['Supported: 100rel']);
  assert.equal(world.invitation.offer, undefined);
  const answers: Array<string | undefined> = [];
  world.invitation.events.on('prack', (answer) => void answers.push(answer?.toString()));
  world.invitation.progress({ status: 183, sdp: sdp(2) });
  await world.settle();
  const response = world.phone.lastResponse('183 INVITE');
  const lines = inDialog('PRACK', 2, response.to.params.get('tag'), [
    `RAck: ${response.headers.get('RSeq')} 1 INVITE`,
    'Content-Type: application/sdp',
  ]);
  world.phone.send(5062, lines, sdp(3).toString());
  await world.settle();
  assert.deepEqual(answers, [sdp(3).toString()]);
  clean(world);
});

test('a peer that does not know 100rel gets its early media unreliably', async () => {
  const world = await invited([], sdp(1).toString());
  world.invitation.progress({ status: 183, sdp: sdp(2) });
  await world.settle(2000);
  const all = world.phone.received.filter((each) => each.kind === 'response' && each.status === 183);
  assert.equal(all.length, 1);
  assert.equal(all[0]?.headers.has('RSeq'), false);
  clean(world);
});

test('RFC 3262 §4 a reliable 18x that comes again is neither shown nor acknowledged twice', async () => {
  const world = byHand();
  const { heard } = dial(world.alice, 5070);
  await world.settle();
  const invite = world.phone.lastRequest('INVITE');
  const options = { tag: 'b', to: 5061, headers: [contact, 'Require: 100rel', 'RSeq: 7'], body: sdp(2).toString() };
  world.phone.answer(invite, 183, options);
  world.phone.answer(invite, 183, options);
  await world.settle();
  const prack = world.phone.lastRequest('PRACK');
  assert.equal(prack.headers.get('RAck'), '7 1 INVITE');
  world.phone.answer(prack, 200, { to: 5061 });
  // Out of order: 9 before 8 is left alone.
  world.phone.answer(invite, 183, { ...options, headers: [contact, 'Require: 100rel', 'RSeq: 9'] });
  await world.settle();
  assert.equal(world.phone.received.filter((each) => each.kind === 'request' && each.method === 'PRACK').length, 1);
  assert.equal(heard.progress.length, 1);
  clean(world);
});

test('§13.2.1 a late offer in the 200 is answered in the ACK', async () => {
  const world = pair();
  const { heard } = dial(world.alice, 5062, { sdp: undefined, answer: () => sdp(9) });
  await world.settle();
  const answers: Array<string | undefined> = [];
  assert.equal(world.bob.invitations[0]?.offer, undefined);
  const bobs = world.bob.invitations[0]?.accept({ sdp: sdp(2) });
  bobs?.events.on('acknowledged', (answer) => void answers.push(answer?.toString()));
  await world.settle();
  assert.deepEqual(heard.answers, [sdp(2).toString()]);
  assert.deepEqual(answers, [sdp(9).toString()]);
  clean(world);
});

test('§14.1 a re-INVITE without offer takes one from the 200 and answers it in the ACK', async () => {
  const world = await established();
  const answers: Array<string | undefined> = [];
  world.bobs.events.on('reinvite', (request) => {
    assert.equal(request.sdp, undefined);
    request.reply({ status: 200, sdp: sdp(7) });
  });
  world.bobs.events.on('acknowledged', (answer) => void answers.push(answer?.toString()));
  const asked = world.alices.reinvite({ answer: (offer) => Buffer.concat([offer, Buffer.from('a=x\r\n')]) });
  await world.settle();
  assert.equal((await asked).status, 200);
  assert.deepEqual(answers, [`${sdp(7).toString()}a=x\r\n`]);
  clean(world);
});

test('RFC 3311 an UPDATE with an offer is somebody’s to answer, one without is not', async () => {
  const world = await established();
  let seen = 0;
  world.bobs.events.on('reinvite', (request) => {
    seen += 1;
    request.reply({ status: 200, sdp: sdp(8) });
  });
  const bare = world.alices.request('UPDATE');
  await world.settle();
  assert.equal((await bare).status, 200);
  assert.equal(seen, 0);
  const offered = world.alices.request('UPDATE', { body: sdp(5) });
  await world.settle();
  assert.equal((await offered).body.toString(), sdp(8).toString());
  assert.equal(seen, 1);
  clean(world);
});

test('RFC 3311 §5.2 an UPDATE with an offer before the INVITE’s is answered gets 500', async () => {
  const world = await invited(['Supported: 100rel'], sdp(1).toString());
  world.invitation.progress({ status: 180 });
  await world.settle();
  const tag = world.phone.lastResponse('180 INVITE').to.params.get('tag');
  world.phone.send(5062, inDialog('UPDATE', 2, tag, ['Content-Type: application/sdp']), sdp(2).toString());
  await world.settle();
  assert.ok(world.phone.lastResponse('500 UPDATE').headers.has('Retry-After'));
  clean(world);
});

test('RFC 4028 the refresher refreshes at half the interval by UPDATE, and the session stands', async () => {
  const world = await established();
  await world.settle(901_000);
  const updates = world.wires.titles().filter((title) => title.endsWith(' UPDATE'));
  assert.deepEqual([...new Set(updates)].sort(), ['5061 UPDATE', '5062 200 UPDATE']);
  assert.deepEqual([world.ends.alice, world.ends.bob], [[], []]);
  clean(world);
});

test('RFC 4028 a peer that does not know UPDATE is refreshed by a re-INVITE with the same SDP', async () => {
  const world = byHand();
  const { heard } = dial(world.alice, 5070);
  await world.settle();
  const invite = world.phone.lastRequest('INVITE');
  const headers = [contact, 'Session-Expires: 600;refresher=uac', 'Require: timer', 'Allow: INVITE, UPDATE'];
  world.phone.answer(invite, 200, { tag: 'b', to: 5061, headers, body: sdp(2).toString() });
  await world.settle(300_200);
  world.phone.answer(world.phone.lastRequest('UPDATE'), 405, { to: 5061 });
  await world.settle();
  const refresh = world.phone.lastRequest('INVITE');
  assert.equal(refresh.body.toString(), sdp(1).toString());
  assert.equal(refresh.headers.get('Session-Expires'), '600;refresher=uac');
  world.phone.answer(refresh, 500, { to: 5061 });
  await world.settle(75_200);
  const again = world.phone.lastRequest('UPDATE');
  world.phone.answer(again, 200, { to: 5061, headers: ['Session-Expires: 600;refresher=uac'] });
  await world.settle(400_000);
  assert.equal(heard.dialogs.length, 1);
  assert.notEqual(world.phone.lastRequest('UPDATE').cseq.number, again.cseq.number);
  clean(world);
});

test('RFC 4028 the answer to a refresh by re-INVITE is told: it may have other keys', async () => {
  const world = byHand();
  const { heard } = dial(world.alice, 5070);
  await world.settle();
  const headers = [contact, 'Session-Expires: 600;refresher=uac', 'Require: timer'];
  world.phone.answer(world.phone.lastRequest('INVITE'), 200, { tag: 'b', to: 5061, headers, body: sdp(2).toString() });
  const told: string[] = [];
  await world.settle();
  heard.dialogs[0]?.events.on('refreshed', (answer) => told.push(answer.toString()));
  await world.settle(300_200);
  const refresh = world.phone.lastRequest('INVITE');
  assert.equal(refresh.cseq.number, 2);
  world.phone.answer(refresh, 200, { to: 5061, headers, body: sdp(3).toString() });
  await world.settle();
  assert.deepEqual(told, [sdp(3).toString()]);
  clean(world);
});

test('RFC 4028 §10 when nobody refreshes any more both sides end the session with BYE', async () => {
  const world = await established();
  world.wires.lose = () => true;
  world.clock.advance(1_801_000);
  assert.deepEqual(
    [world.ends.alice.map(({ by }) => by), world.ends.bob.map(({ by }) => by)],
    [['timeout'], ['timeout']],
  );
  clean(world);
});

test('RFC 4028 §7.3 a 422 is mended with its Min-SE', async () => {
  const world = byHand();
  dial(world.alice, 5070);
  await world.settle();
  world.phone.answer(world.phone.lastRequest('INVITE'), 422, { tag: 'b', to: 5061, headers: ['Min-SE: 3600'] });
  await world.settle();
  const second = world.phone.lastRequest('INVITE');
  assert.equal(second.headers.get('Session-Expires'), '3600');
  assert.equal(second.headers.get('Min-SE'), '3600');
  assert.equal(second.cseq.number, 2);
  clean(world);
});

test('RFC 4028 §9 a Session-Expires below our minimum gets 422', async () => {
  const world = pair();
  const phone = new Phone(world.wires, 5070);
  phone.send(5062, inviteLines(['Supported: timer', 'Session-Expires: 30']));
  await world.settle();
  assert.equal(phone.lastResponse('422 INVITE').headers.get('Min-SE'), '90');
  assert.equal(world.bob.invitations.length, 0);
  clean(world);
});

test('a dialog restored in another process goes on with its CSeq, target and session timer', async () => {
  const world = await established();
  const snapshot = JSON.parse(JSON.stringify(world.alices.snapshot())) as ReturnType<typeof world.alices.snapshot>;
  assert.ok(snapshot.sessionExpires);
  await world.alice.agent.close();
  const { createUserAgent } = await import('./user-agent.ts');
  const { SeededRandom, silentLog } = await import('../../base/index.ts');
  const agent = createUserAgent({
    network: world.alice.network,
    clock: world.clock,
    random: new SeededRandom(99),
    log: silentLog,
    identify: () => ({ kind: 'forbidden' }),
  });
  const restored = agent.restore(snapshot);
  const ends: DialogEnd[] = [];
  restored.events.on('ended', (end) => void ends.push(end));
  world.bobs.events.on('reinvite', (request) => request.reply({ status: 200, sdp: sdp(3) }));
  const asked = restored.reinvite({ sdp: sdp(5) });
  await world.settle();
  assert.equal((await asked).status, 200);
  world.bobs.bye();
  await world.settle();
  assert.deepEqual(
    ends.map(({ by }) => by),
    ['remote'],
  );
  await agent.close();
  clean(world);
});

test('RFC 3262 §5 a 200 without SDP: the answer is that of the 18x of the same fork', async () => {
  const all = byHand();
  const { heard } = dial(all.alice, 5070);
  await all.settle();
  const invite = all.phone.lastRequest('INVITE');
  all.phone.answer(invite, 183, { tag: 'one', to: 5061, headers: [contact], body: sdp(2).toString() });
  all.phone.answer(invite, 183, { tag: 'two', to: 5061, headers: [contact], body: sdp(3).toString() });
  all.phone.answer(invite, 200, { tag: 'one', to: 5061, headers: [contact] });
  await all.settle();
  assert.deepEqual(heard.answers, [sdp(2).toString()]);
  heard.dialogs[0]?.bye();
  await all.settle();
  all.phone.answer(all.phone.lastRequest('BYE'), 200, { to: 5061 });
  await all.settle();
  clean(all);
});
