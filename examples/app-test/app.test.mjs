import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { at, Phone, phones, toneSamples } from 'graine/testing';
import { createApp } from './app.mjs';
import { realm, startGraine } from './graine.mjs';

let app, graine, alice, bob, desk, box;
const results = [];

before(async () => {
  [alice, bob, desk, box] = await Promise.all(
    ['alice', 'bob', 'desk', 'box'].map((name, n) => Phone.listen({ name, seed: n + 1 })),
  );
  app = createApp({ desk: desk.uri, voicemail: box.uri, results });
  await once(app.listen(0, '127.0.0.1'), 'listening');
  graine = await startGraine(`http://127.0.0.1:${app.address().port}/call`);
  const registered = await bob.register(graine.sip, { username: 'bob', password: 'secret-bob', realm });
  assert.equal(registered.status, 200);
  box.onInvite = phones.voicemail({ greeting: 800, beep: { hz: 1000, ms: 300 } });
});

beforeEach(() => {
  results.length = 0;
});

after(async () => {
  await Promise.all([alice, bob, desk, box].map((phone) => phone?.close()));
  await graine?.stop();
  app?.closeAllConnections();
  app?.close();
});

function aliceCalls() {
  const login = { username: 'alice', password: 'secret-alice' };
  return alice.invites(at('office', graine.sip), { from: `alice@${realm}`, login, tone: 440 });
}

test('Bob is busy, the desk answers: Alice and the desk hear each other', async () => {
  bob.onInvite = phones.busy();
  desk.onInvite = phones.answersAfter(300, { tone: 620 });
  const call = aliceCalls();
  await call.answered();
  const answered = await desk.nextCall();
  await Promise.all([call.hears(620), answered.hears(440)]);
  assert.equal((await bob.happens('refused')).status, 486);
  await answered.hangsUp();
  await call.byed();
  assert.deepEqual(results, ['completed']);
  assert.equal(box.calls.entries.length, 0);
});

test('nobody is there: Alice leaves a message after the beep', async () => {
  bob.onInvite = phones.busy();
  desk.onInvite = phones.declines(480);
  const call = aliceCalls();
  await call.hears(1000, { within: 20_000 });
  await box.happens('listening');
  await call.media.says(toneSamples(440, 1000));
  await call.hangsUp();
  const { spokenMs } = await box.happens('message');
  assert.ok(spokenMs > 500, `the voicemail heard ${spokenMs} ms`);
  assert.equal(results.length, 1);
});
