// whisper by REST: one party hears it, the other nothing, and then they hear each other again. reference.md 1.13, 4.2.
import assert from 'node:assert/strict';
import { dial, type Ears, type PhoneCall, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });

const whispered = { verb: 'play', url: 'tone_stream://%(600,0,1200)', loop: 5 };

function earsOf(call: PhoneCall | undefined): Ears {
  if (call?.media === undefined) throw new Error('no audio there');
  return call.media.ears;
}

/** A dial that talks: alice 440 Hz, desk 620 Hz. */
async function talking(w: World) {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  const [desk] = w.phone('desk').calls.entries;
  await earsOf(desk).hears(440);
  const parent = String((await w.next('/call')).body['call_sid']);
  const { body } = await w.status(
    (status) => status['parent_call_sid'] === parent && status['call_status'] === 'in-progress',
  );
  return { call, desk, parent, child: String(body['call_sid']) };
}

for (const side of ['caller', 'callee'] as const) {
  story(`the ${side} hears it alone, once, while the two are apart; then they are together again`, async (w) => {
    const { call, desk, parent, child } = await talking(w);
    const [hearer, other] = side === 'caller' ? [earsOf(call), earsOf(desk)] : [earsOf(desk), earsOf(call)];
    const [ofHearer, ofOther] = side === 'caller' ? [440, 620] : [620, 440];
    const asked = performance.now();
    const sid = side === 'caller' ? parent : child;
    assert.equal((await w.update(sid, { whisper: whispered })).status, 202);
    const since = await hearer.hears(1200, { since: asked });
    await hearer.packets.until((packet) => packet.at > since + 200, { what: '200 ms of it' });
    assert.ok(hearer.heard(ofOther, { lastMs: 100 }) < -40, 'the other party is not heard meanwhile');
    assert.ok(other.heard(ofHearer, { lastMs: 100 }) < -40, 'nor does it hear');
    await hearer.hears(ofOther);
    await other.hears(ofHearer);
    assert.ok(other.heard(1200, { since: asked }) < -35, 'the other party heard the whisper');
    // Once, although it asked for five times.
    const last = hearer.packets.entries
      .filter((packet) => packet.at > since && hearer.heard(1200, { since: packet.at - 40, until: packet.at }) > -20)
      .at(-1);
    assert.ok(last !== undefined && last.at - since < 1500, `${(last?.at ?? 0) - since} ms of it`);
    await call.hangsUp();
  });
}

story('it may accompany another command; one at a time; only play and say', async (w) => {
  const { call, parent } = await talking(w);
  assert.equal((await w.update(parent, { whisper: { verb: 'hangup' } })).status, 422);
  assert.equal((await w.update(parent, { tag: { vip: true }, whisper: [whispered, whispered] })).status, 202);
  assert.equal((await w.update(parent, { whisper: whispered })).status, 422);
  await call.hears(1200);
  await call.hears(620);
  await call.hangsUp();
  const { body } = await w.next('/action');
  assert.deepEqual(body['customerData'], { vip: true });
});

story('a callee that hangs up in the middle of it ends the dial as ever', async (w) => {
  const { call, desk, parent } = await talking(w);
  await w.update(parent, { whisper: { verb: 'play', url: 'tone_stream://%(5000,0,1200)' } });
  await call.hears(1200);
  await desk?.hangsUp();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
  await call.byed();
});

story('a call without a bridge hears it too', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 60 }]);
  const call = w.calls();
  await call.answered();
  const { body } = await w.next('/call');
  assert.equal((await w.update(String(body['call_sid']), { whisper: whispered })).status, 202);
  await call.hears(1200);
  await call.hangsUp();
});
