// An upgrade in working hours: SIGTERM leaves the calls to the next start, and nobody notices but for a moment of silence.
// issue 6, item 5.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { accountOf, after, at, GraineProcess, HookApp, type Json, Phone, phones } from '../kit/index.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function stage(store: object = { url: 'file:./data' }) {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  open.push(app, alice, desk);
  const graine = await GraineProcess.start({
    store,
    shutdown: { hand_over: true, drain_seconds: 600 },
    log: { level: 'warn' },
    accounts: [accountOf(app, alice)],
  });
  open.unshift(graine);
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  app.answers([
    { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
  ]);
  const call = (tone?: number) =>
    alice.invites(at('100', graine.sip), { from: '+15557650001', ...(tone === undefined ? {} : { tone }) });
  return { graine, app, alice, desk, call };
}

const statuses = (app: HookApp, wanted: string): number =>
  app.all('/status').filter(({ body }) => (body as Json)['call_status'] === wanted).length;

test(
  'SIGTERM and start: 50 calls that stand hear each other again, and none is hung up',
  { timeout: 240_000 },
  async () => {
    const { graine, app, desk, call } = await stage();
    const calls: { near: ReturnType<typeof call>; far: Awaited<ReturnType<Phone['nextCall']>> }[] = [];
    for (let n = 0; n < 50; n++) {
      const near = call(440);
      await near.answered();
      calls.push({ near, far: await desk.nextCall() });
    }
    for (const { near, far } of calls) {
      await near.hears(620);
      await far.hears(440);
    }
    // The last of them is younger than what a kill -9 would find written down.
    assert.equal(await graine.terminated(), 0);
    await graine.up();
    const again = performance.now();
    for (const { near, far } of calls) {
      await near.hears(620, { since: again });
      await far.hears(440, { since: again });
    }
    assert.match(graine.output, /"calls":50[^\n]*handed over/);
    assert.equal(statuses(app, 'completed') + statuses(app, 'failed'), 0, 'no leg has ended');
    assert.equal(app.all('/dialled').length, 0);
    for (const { near } of calls) await near.hangsUp();
    for (const { far } of calls) await far.byed();
    for (let n = 0; n < 50; n++) await app.next('/dialled');
    await after(500);
    assert.equal(app.all('/dialled').length, 50);
    assert.equal(statuses(app, 'completed'), 100);
  },
);

test(
  'a call that is answered within five seconds of SIGTERM is carried on; new ones are refused meanwhile',
  { timeout: 120_000 },
  async () => {
    const { graine, desk, call } = await stage();
    desk.onInvite = phones.answersAfter(2000, { tone: 620 });
    const ringing = call(440);
    await ringing.rings();
    const ended = graine.terminated();
    await after(300);
    assert.equal((await call().refused()).status, 503);
    await ringing.answered();
    assert.equal(await ended, 0);
    await graine.up();
    await ringing.hears(620, { since: performance.now() });
    await ringing.hangsUp();
  },
);

test(
  'a call that still rings after five seconds is refused, and its callee cancelled',
  { timeout: 120_000 },
  async () => {
    const { graine, desk, call } = await stage();
    desk.onInvite = phones.ringsForEver();
    const ringing = call();
    await ringing.rings();
    const callee = await desk.nextCall();
    const ended = graine.terminated();
    assert.ok((await ringing.refused()).status >= 480);
    await callee.cancelled();
    assert.equal(await ended, 0);
  },
);

test(
  'without a folder for standing calls the server does not start, and says what to set',
  { timeout: 60_000 },
  async () => {
    await assert.rejects(stage({ url: 'memory:' }), /shutdown\.hand_over.*calls\.standing_folder/);
  },
);
