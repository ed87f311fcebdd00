// hunt and stagger: one after another, or each a little later. decisions.md, "Beyond every peer".
import assert from 'node:assert/strict';
import { dial, elsewhere, type Phone, phones, stage, toSip } from '../kit/index.ts';

const story = stage({ phones: ['desk', 'hall', 'attic'] });

/** When the first INVITE came. */
const rangAt = (phone: Phone): number =>
  phone.transcript.entries.find((entry) => entry.direction === 'in' && entry.title === 'INVITE')?.at ?? Infinity;

story('hunt rings one at a time: the next when the one before has refused', async (w) => {
  w.phone('desk').onInvite = phones.busy(80);
  w.phone('hall').onInvite = phones.answersAfter(50, { tone: 620 });
  w.app.answers(
    dial([toSip(w.phone('desk')), toSip(w.phone('hall')), toSip(w.phone('attic'))], {
      strategy: 'hunt',
      answerOnBridge: true,
    }),
  );
  const call = w.calls();
  await call.hears(620);
  const refusedAt = w.phone('desk').transcript.entries.find((entry) => entry.title.startsWith('486'))?.at ?? Infinity;
  assert.ok(rangAt(w.phone('hall')) > refusedAt);
  assert.equal(w.phone('attic').calls.entries.length, 0, 'the third never rang');
  await call.hangsUp();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'completed');
});

story('hunt gives each its own timeout, cancels it, and goes on', async (w) => {
  w.phone('desk').onInvite = phones.ringsForEver();
  w.phone('hall').onInvite = phones.answersAfter(20);
  w.app.answers(
    dial([toSip(w.phone('desk'), { timeout: 0.5 }), toSip(w.phone('hall'))], {
      strategy: 'hunt',
      answerOnBridge: true,
    }),
  );
  const call = w.calls();
  await call.answered();
  const first = await w.phone('desk').nextCall();
  await first.cancelled();
  // Read late, the first INVITE seems nearer to the second.
  const apart = rangAt(w.phone('hall')) - rangAt(w.phone('desk'));
  assert.ok(apart >= 250, `hall rang ${apart} ms after desk`);
  await call.hangsUp();
  const results = (await w.next('/action')).body['dial_results'] as { status: string }[];
  assert.deepEqual(
    results.map((each) => each.status),
    ['no-answer', 'completed'],
  );
});

story('hunt that finds nobody ends with the outcome of all', async (w) => {
  w.phone('desk').onInvite = phones.declines(404);
  w.phone('hall').onInvite = phones.busy();
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { strategy: 'hunt', answerOnBridge: true }));
  assert.equal((await w.calls().refused()).status, 486);
  assert.equal((await w.next('/action')).body['dial_call_status'], 'busy');
});

story('stagger starts each target after its delay while the earlier go on ringing', async (w) => {
  w.phone('desk').onInvite = phones.ringsForEver();
  w.phone('hall').onInvite = phones.answersAfter(300);
  w.app.answers(
    dial([toSip(w.phone('desk')), toSip(w.phone('hall'), { delay: 0.4 }), toSip(w.phone('attic'), { delay: 20 })], {
      strategy: 'stagger',
      answerOnBridge: true,
    }),
  );
  const call = w.calls();
  await call.answered();
  const first = await w.phone('desk').nextCall();
  assert.match((await first.cancelled()).get('reason') ?? '', elsewhere);
  const apart = rangAt(w.phone('hall')) - rangAt(w.phone('desk'));
  assert.ok(apart >= 200, `hall rang ${apart} ms after desk`);
  assert.equal(w.phone('attic').calls.entries.length, 0, 'attic’s turn had not come');
  await call.hangsUp();
});

story('stagger does not wait for the delay when everybody before has refused', async (w) => {
  w.phone('desk').onInvite = phones.busy();
  w.phone('hall').onInvite = phones.answersAfter(10);
  w.app.answers(
    dial([toSip(w.phone('desk')), toSip(w.phone('hall'), { delay: 30 })], {
      strategy: 'stagger',
      answerOnBridge: true,
    }),
  );
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
});

story('a target’s own timeout ends its ringing in a simring, and the others ring on', async (w) => {
  w.phone('desk').onInvite = phones.ringsForEver();
  w.phone('hall').onInvite = phones.ringsForEver();
  w.app.answers(dial([toSip(w.phone('desk'), { timeout: 0.5 }), toSip(w.phone('hall'))], { answerOnBridge: true }));
  const call = w.calls();
  const first = await w.phone('desk').nextCall();
  await first.cancelled();
  const target = await w.phone('hall').nextCall();
  assert.equal(target.finalStatus, 0, 'hall still rings');
  await target.answers();
  await call.answered();
  await call.hangsUp();
});
