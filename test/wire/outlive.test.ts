// Calls outlive their process: kill -9 and restart of a single node. issue 6, item 5.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { after, at, GraineProcess, HookApp, type Json, Phone, phones, realm } from '../kit/index.ts';

type Stage = { graine: GraineProcess; app: HookApp; alice: Phone; desk: Phone };
const open: { close(): Promise<void> }[] = [];

async function stage(): Promise<Stage> {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  const graine = await GraineProcess.start({
    store: { url: 'file:./data' },
    accounts: [
      {
        name: 'kit',
        webhook_secret: 'whsec_kit',
        sip_realm: realm,
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
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  return { graine, app, alice, desk };
}

/** Killed and started again, once the call has been written down. */
async function struck({ graine }: Stage): Promise<void> {
  await after(1200);
  await graine.killed();
  await graine.up();
}

const dials = (desk: Phone, more: object = {}): readonly object[] => [
  { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true, ...more },
];

const finals = (app: HookApp, callSid: unknown): unknown[] =>
  app
    .all('/status')
    .map(({ body }) => body as Json)
    .filter((body) => body['call_sid'] === callSid && body['call_status'] === 'completed');

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test(
  'kill -9: two who talk go on talking, and each BYE, status and actionHook comes once',
  { timeout: 120_000 },
  async () => {
    const on = await stage();
    const { graine, app, alice, desk } = on;
    app.answers(dials(desk));
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
    await call.hears(620);
    const callee = await desk.nextCall();
    await struck(on);
    const again = performance.now();
    await call.hears(620, { since: again });
    await callee.hears(440, { since: again });

    await call.hangsUp();
    await callee.byed();
    const told = await app.next('/dialled');
    const body = told.body as Json;
    assert.equal(body['dial_call_status'], 'completed');
    assert.equal(body['dial_terminated_by'], 'caller');
    await after(500);
    assert.equal(app.all('/dialled').length, 1);
    assert.equal(finals(app, body['call_sid']).length, 1);
    assert.equal(finals(app, body['dial_call_sid']).length, 1);
  },
);
