// The process dies, at any moment; what was committed is there afterwards. issue 2, "Store"; interface.md §1.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { at, GraineProcess, HookApp, type Json, Phone, phones } from '../kit/index.ts';

type Stage = { graine: GraineProcess; app: HookApp; alice: Phone; desk: Phone; accountSid: string };
const open: { close(): Promise<void> }[] = [];

async function stage(drainSeconds: number): Promise<Stage> {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  const graine = await GraineProcess.start({
    store: { url: 'file:./data' },
    shutdown: { drain_seconds: drainSeconds },
    accounts: [
      {
        name: 'kit',
        webhook_secret: 'whsec_kit',
        applications: [{ name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') }],
        carriers: [
          {
            name: 'origin',
            application: 'main',
            gateways: [{ host: '127.0.0.1', port: alice.port, inbound: true, outbound: false }],
          },
        ],
      },
    ],
  });
  open.push(graine, app, alice, desk);
  app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }] }]);
  const accounts = (await graine.rest('/v1/Accounts')).body as { account_sid: string }[];
  return { graine, app, alice, desk, accountSid: accounts[0]?.account_sid ?? '' };
}

const rows = async ({ graine, accountSid }: Stage): Promise<Json[]> =>
  ((await graine.rest(`/v1/Accounts/${accountSid}/RecentCalls?page=1&count=500&days=1`)).body as Json).data;

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test(
  'kill -9 in the middle of calls loses no committed row, and the next start takes calls',
  { timeout: 60_000 },
  async () => {
    const on = await stage(0);
    const { graine, alice, desk } = on;
    desk.onInvite = phones.answersAfter(5, { tone: 620 });
    for (let n = 0; n < 5; n++) {
      const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
      await call.answered();
      await (await desk.nextCall(n)).acknowledged();
      await call.hangsUp();
    }
    let before: Json[] = [];
    for (let tries = 0; tries < 100 && before.length < 10; tries++) {
      before = await rows(on);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.equal(before.length, 10, 'two rows a call');
    const standing = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
    await standing.hears(620);
    await graine.killed();
    await graine.up();
    const kept = await rows(on);
    const sids = new Set(kept.map((row) => row.call_sid));
    for (const row of before) assert.ok(sids.has(row.call_sid), `row ${row.call_sid} is gone`);
    assert.equal(sids.size, kept.length, 'no row twice');
    const again = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
    await again.hears(620);
    await again.hangsUp();
  },
);

test('SIGTERM: no new calls, those that stand may end by themselves, then exit 0', { timeout: 60_000 }, async () => {
  const on = await stage(30);
  const { graine, alice, desk } = on;
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  const standing = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await standing.hears(620);
  const exit = graine.terminated();
  for (let tries = 0; tries < 200; tries++) {
    const ready = await fetch(`${graine.http.url}/readyz`).catch(() => undefined);
    await ready?.arrayBuffer();
    if (ready?.status === 503) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const refused = await alice.invites(at('100', graine.sip), { from: '+15557650001' }).refused();
  assert.equal(refused.status, 503);
  await standing.hears(620);
  await standing.hangsUp();
  assert.equal(await exit, 0, graine.output);
});

test('SIGTERM with drain_seconds 0 hangs standing calls up and exits 0', { timeout: 60_000 }, async () => {
  const { graine, alice, desk } = await stage(0);
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  const standing = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await standing.hears(620);
  const exit = graine.terminated();
  await standing.byed();
  await (await desk.nextCall()).byed();
  assert.equal(await exit, 0, graine.output);
});
