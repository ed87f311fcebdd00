// boostAudioSignal: measured at the ear. dial.md; reference.md 1.2, 4.2.
import assert from 'node:assert/strict';
import { dial, hearsAt, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
/** Alice (440 Hz) and the desk (620 Hz) talk, each at -12 dB. */
async function talk(w: World, options: Record<string, unknown>) {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], options));
  const call = w.calls();
  await call.hears(620);
  const callee = await w.phone('desk').nextCall();
  await callee.hears(440);
  const child = await w.status((body) => body['direction'] === 'outbound' && body['call_status'] === 'in-progress');
  const parent = await w.next('/call');
  const sids = { parent: parent.body['call_sid'] as string, child: child.body['call_sid'] as string };
  return { call, callee, sids };
}

for (const [given, level] of [
  ['+6 dB', -6],
  [-9, -21],
  ['-3.5dB', -15.5],
] as const)
  story(`${given} in dial: the callee hears the caller at ${level} dB, the caller the callee as it is`, async (w) => {
    const { call, callee } = await talk(w, { boostAudioSignal: given });
    await Promise.all([hearsAt(callee.media?.ears, 440, level), hearsAt(call.media?.ears, 620, -12)]);
    await call.hangsUp();
    await w.next('/action');
  });

story('by REST on either call, with decimals, and 0 takes it off', async (w) => {
  const { call, callee, sids } = await talk(w, {});
  assert.equal((await w.update(sids.child, { boostAudioSignal: '-6.5 dB' })).status, 202);
  await hearsAt(callee.media?.ears, 440, -18.5);
  assert.equal((await w.update(sids.parent, { boostAudioSignal: 5 })).status, 202);
  await hearsAt(call.media?.ears, 620, -7);
  assert.equal((await w.update(sids.child, { boostAudioSignal: 0 })).status, 202);
  assert.equal((await w.update(sids.parent, { boostAudioSignal: '0 dB' })).status, 202);
  await Promise.all([hearsAt(callee.media?.ears, 440, -12), hearsAt(call.media?.ears, 620, -12)]);
  await call.hangsUp();
  await w.next('/action');
});

story('what is no level is refused by name', async (w) => {
  const { call, sids } = await talk(w, {});
  for (const boostAudioSignal of ['loud', '90 dB', -61]) {
    const { status, body } = await w.update(sids.parent, { boostAudioSignal });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /boostAudioSignal/);
  }
  await call.hangsUp();
  await w.next('/action');
});

story('a dial with a boost that is no level goes out without it, and the account hears of it', async (w) => {
  w.phone('desk').onInvite = phones.answersAtOnce();
  w.app.answers(dial([toSip(w.phone('desk'))], { boostAudioSignal: 'loud' }));
  const call = w.calls();
  await w.status((body) => body['call_status'] === 'in-progress' && body['parent_call_sid'] !== undefined);
  await w.eventually('the alert', async () =>
    (await w.alerts('invalid-app-payload')).some((alert) => JSON.stringify(alert).includes('dial.boostAudioSignal')),
  );
  await call.hangsUp();
  await w.next('/action');
});

story('a dial with a boost beyond the limits is refused with the reason', async (w) => {
  w.app.answers(dial([toSip(w.phone('desk'))], { boostAudioSignal: '90 dB' }));
  w.calls();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'failed');
  assert.equal(body['dial_sip_reason'], 'boostAudioSignal: expected -60 to 40 dB, got 90 dB');
  await w.eventually('the alert', async () =>
    (await w.alerts('dial-refused')).some((alert) => JSON.stringify(alert).includes('boostAudioSignal')),
  );
});
