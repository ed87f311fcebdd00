// Carriers with room for so many calls: the rest wait as `queued`. decisions.md, interface.md §2.
import assert from 'node:assert/strict';
import { at, dial, type OutgoingPhoneCall, phones, stage, toPhone, type World } from '../kit/index.ts';

const story = stage({
  phones: ['small', 'slow'],
  account: (w) => ({
    carriers: [
      w.origin(),
      { name: 'small', max_calls: 1, gateways: [w.gateway('small')] },
      { name: 'slow', max_cps: 2, gateways: [w.gateway('slow')] },
    ],
  }),
});

const toSmall = toPhone({ trunk: 'small' });

async function occupies(w: World): Promise<OutgoingPhoneCall> {
  w.phone('small').onInvite = phones.answersAfter(5);
  w.app.answers(dial([toSmall], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  return call;
}

story('a call above max_calls waits, and goes out when a line is free', async (w) => {
  const first = await occupies(w);
  const second = w.phone('alice').invites(at('+15551230001', w.graine.sip), { from: '+15557650002' });
  await w.app.requests.until((request) => request.path === '/status' && request.body['call_status'] === 'queued', {
    what: 'a queued child',
    story: () => w.story(),
  });
  assert.equal(w.phone('small').calls.entries.length, 1);
  await first.hangsUp();
  await second.answered();
  assert.equal(w.phone('small').calls.entries.length, 2);
  await second.hangsUp();
  await w.next('/action');
  await w.next('/action');
});

story('a dial that waited for capacity until its ring timeout ends as queued', async (w) => {
  const first = await occupies(w);
  w.app.answers(dial([toSmall], { answerOnBridge: true, timeout: 1 }));
  const second = w.calls();
  await second.refused();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'queued');
  assert.equal(w.phone('small').calls.entries.length, 1, 'nothing was sent');
  await first.hangsUp();
});

story('a waiting caller who hangs up leaves no place taken', async (w) => {
  const first = await occupies(w);
  const second = w.calls();
  await w.app.requests.until((request) => request.body['call_status'] === 'queued', { what: 'a queued child' });
  second.cancels();
  await second.refused();
  await first.hangsUp();
  const third = w.calls();
  await third.answered();
  await third.hangsUp();
});

story('max_cps spaces the INVITEs of a carrier', async (w) => {
  w.phone('slow').onInvite = phones.busy();
  w.app.answers(dial([toPhone({ trunk: 'slow' })], { answerOnBridge: true }));
  const calls = Array.from({ length: 4 }, () => w.calls());
  await Promise.all(calls.map((call) => call.refused()));
  // Of one that comes twice, since its answer was late, the first.
  const came = w
    .phone('slow')
    .transcript.entries.filter((entry) => entry.direction === 'in' && entry.title === 'INVITE')
    .toReversed()
    .map(({ at, message }) => [message?.callId, at] as const);
  const sent = [...new Map(came).values()].toSorted((one, other) => one - other);
  assert.equal(sent.length, 4);
  const span = (sent.at(-1) ?? 0) - (sent[0] ?? 0);
  assert.ok(span >= 900, `four INVITEs at two a second within ${span} ms`);
});
