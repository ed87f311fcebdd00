// The process dies, at any moment; what was committed is there afterwards. issue 2, "Store"; interface.md §1.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { after, at, GraineProcess, HookApp, type Json, Phone, phones, realm } from '../kit/index.ts';

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
        sip_realm: realm,
        clients: [{ username: bob.username, password: bob.password }],
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
  app.answers(dialsDesk(desk));
  const accounts = (await graine.rest('/v1/Accounts')).body as { account_sid: string }[];
  return { graine, app, alice, desk, accountSid: accounts[0]?.account_sid ?? '' };
}

const rows = async ({ graine, accountSid }: Stage): Promise<Json[]> =>
  ((await graine.rest(`/v1/Accounts/${accountSid}/RecentCalls?page=1&count=500&days=1`)).body as Json).data;

const bob = { username: 'bob', password: 'secret', realm };

const dialsDesk = (desk: Phone, more: object = {}): readonly object[] => [
  { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], ...more },
];

const metrics = async ({ graine }: Stage): Promise<string> => (await fetch(`${graine.http.url}/metrics`)).text();

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** Answered and hung up, so often; resolves when both rows of each call are committed. */
async function committed(on: Stage, calls: number): Promise<Json[]> {
  const { graine, app, alice, desk } = on;
  app.answers(dialsDesk(desk));
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  for (let n = 0; n < calls; n++) {
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
    await call.answered();
    await (await desk.nextCall(n)).acknowledged();
    await call.hangsUp();
  }
  for (let tries = 0; tries < 300; tries++) {
    const found = await rows(on);
    if (found.length >= 2 * calls) return found;
    await after(30);
  }
  return rows(on);
}

/** How far a call has come when the process dies. `dialog`: the callee has one, which the next process does not know. */
type Moment = { readonly title: string; readonly dialog: boolean; readonly reach: (on: Stage) => Promise<unknown> };

const moments: readonly Moment[] = [
  {
    title: 'while the first hook is pending',
    dialog: false,
    reach: async ({ app, alice, graine }) => {
      const asked = app.all('/call').length;
      app.answers(() => new Promise(() => {}));
      const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
      await app.requests.until(() => app.all('/call').length > asked, { what: 'the hook' });
      // Without a 100 its INVITE would come again, to the next process.
      await call.gets(100);
    },
  },
  {
    title: 'while the callee rings',
    dialog: false,
    reach: async ({ alice, desk, graine }) => {
      desk.onInvite = phones.ringsForEver();
      await alice.invites(at('100', graine.sip), { from: '+15557650001' }).rings();
    },
  },
  {
    title: 'between the 200 and its ACK',
    dialog: true,
    reach: ({ alice, graine }) =>
      alice.invites(at('100', graine.sip), { from: '+15557650001', acks: false }).answered(),
  },
  {
    title: 'in the middle of a call',
    dialog: true,
    reach: ({ alice, graine }) => alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 }).hears(620),
  },
];

for (const { title, dialog, reach } of moments)
  test(
    `kill -9 ${title}: no committed row is lost, nothing is half there, the next start takes calls`,
    { timeout: 150_000 },
    async () => {
      const on = await stage(0);
      const { graine, app, alice, desk } = on;
      assert.equal((await alice.register(graine.sip, bob)).status, 200);
      const before = await committed(on, 2);
      assert.equal(before.length, 4, 'two rows a call');
      app.answers(dialsDesk(desk, { answerOnBridge: true }));
      await reach(on);
      await graine.killed();
      // Calls that had been written down would go on: outlive.test.ts.
      rmSync(path.join(graine.folder, 'data', 'standing'), { recursive: true });
      await graine.up();

      const kept = await rows(on);
      const sids = new Set(kept.map((row) => row.call_sid));
      for (const row of before) assert.ok(sids.has(row.call_sid), `row ${row.call_sid} is gone`);
      assert.equal(sids.size, kept.length, 'no row twice');
      assert.equal(kept.length, before.length, 'no row of a call that did not end');
      const of = async (what: string): Promise<unknown> =>
        (await graine.rest(`/v1/Accounts/${on.accountSid}/${what}`)).body;
      assert.deepEqual(await of('Calls'), []);
      assert.match(await metrics(on), /graine_media_ports\{state="in use"\} 0\n/);
      // With `live: memory:` a device is gone until it registers again.
      assert.doesNotMatch(JSON.stringify(await of('RegisteredSipUsers')), /bob/);
      if (dialog) assert.equal((await (await desk.nextCall(2)).hangsUp()).status, 481);

      assert.equal((await alice.register(graine.sip, bob)).status, 200);
      assert.match(JSON.stringify(await of('RegisteredSipUsers')), /bob/);
      app.answers(dialsDesk(desk));
      desk.onInvite = phones.answersAfter(5, { tone: 620 });
      const again = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
      await again.hears(620);
      await again.hangsUp();
    },
  );

test('SIGTERM: no new calls, those that stand may end by themselves, then exit 0', { timeout: 150_000 }, async () => {
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

test('SIGTERM with drain_seconds 0 hangs standing calls up and exits 0', { timeout: 150_000 }, async () => {
  const { graine, alice, desk } = await stage(0);
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  const standing = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await standing.hears(620);
  const exit = graine.terminated();
  await standing.byed();
  await (await desk.nextCall()).byed();
  assert.equal(await exit, 0, graine.output);
});
