// Calls outlive their process: kill -9 and restart of a single node. issue 6, item 5.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { accountOf, after, at, GraineProcess, HookApp, type Json, Phone, phones } from '../kit/index.ts';

type Stage = { graine: GraineProcess; app: HookApp; alice: Phone; desk: Phone };
const open: { close(): Promise<void> }[] = [];

async function stage(): Promise<Stage> {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  const graine = await GraineProcess.start({
    store: { url: 'file:./data' },
    accounts: [accountOf(app, alice)],
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

test('kill -9 and the callee hangs up: the verbs after the dial run', { timeout: 120_000 }, async () => {
  const on = await stage();
  const { graine, app, alice, desk } = on;
  app.answers([...dials(desk), { verb: 'play', url: 'tone_stream://L=-1;%(60000,0,880)' }]);
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await call.hears(620);
  const callee = await desk.nextCall();
  await struck(on);
  await call.hears(620, { since: performance.now() });
  await callee.hangsUp();
  assert.equal((await app.next('/dialled')).body['dial_terminated_by'], 'callee');
  await call.hears(880);
  await call.hangsUp();
});

test('kill -9: the time limit goes on from where it was', { timeout: 120_000 }, async () => {
  const on = await stage();
  const { graine, app, alice, desk } = on;
  app.answers(dials(desk, { timeLimit: 9 }));
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  const answered = performance.now();
  await call.hears(620);
  await struck(on);
  // Where it began anew it would end nine seconds after the start; a start may last as long as it likes.
  const up = performance.now();
  await call.byed();
  const [talked, since] = [performance.now() - answered, performance.now() - up].map((ms) => ms / 1000);
  assert.ok(talked! > 8 && since! < 8, `${talked} s after the call, ${since} s after the start`);
  assert.equal((await app.next('/dialled')).body['dial_terminated_by'], 'timelimit');
});

test('kill -9: REST finds the call and hangs it up; a hold is passed on', { timeout: 120_000 }, async () => {
  const on = await stage();
  const { graine, app, alice, desk } = on;
  app.answers(dials(desk));
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await call.hears(620);
  const callee = await desk.nextCall();
  await struck(on);
  await call.hears(620, { since: performance.now() });
  assert.equal((await call.holds()).status, 200);
  await callee.gets((message) => message.method === 'INVITE' && /a=(sendonly|inactive)/.test(message.body.toString()));
  assert.equal((await call.resumes()).status, 200);
  await callee.hears(440, { since: performance.now() });
  const account = ((await graine.rest('/v1/Accounts')).body as Json[])[0].account_sid;
  const calls = (await graine.rest(`/v1/Accounts/${account}/Calls`)).body as Json[];
  assert.deepEqual(
    calls.map((each) => each.call_status),
    ['in-progress', 'in-progress'],
  );
  const parent = calls.find((each) => each.parent_call_sid === undefined);
  await graine.rest(`/v1/Accounts/${account}/Calls/${parent.call_sid}`, { call_status: 'completed' });
  await Promise.all([call.byed(), callee.byed()]);
});

test(
  'kill -9 while it rings: the caller is refused, the callee is cancelled, each has its final status',
  { timeout: 120_000 },
  async () => {
    const on = await stage();
    const { graine, app, alice, desk } = on;
    desk.onInvite = phones.ringsForEver();
    app.answers(dials(desk));
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
    await call.rings();
    const callee = await desk.nextCall();
    await struck(on);
    assert.equal((await call.refused()).status, 503);
    await callee.cancelled();
    await after(500);
    const statuses = app.all('/status').map(({ body }) => `${body['direction']} ${body['call_status']}`);
    assert.deepEqual(statuses.filter((each) => each.endsWith('failed')).toSorted(), [
      'inbound failed',
      'outbound failed',
    ]);
  },
);

test(
  'kill -9 while a caller that was answered is rung for: the callee is rung anew',
  { timeout: 120_000 },
  async () => {
    const on = await stage();
    const { graine, app, alice, desk } = on;
    desk.onInvite = phones.ringsForEver();
    app.answers(dials(desk, { answerOnBridge: false }));
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
    await call.answered();
    const first = await desk.nextCall();
    await after(1200);
    await graine.killed();
    desk.onInvite = phones.answersAfter(5, { tone: 620 });
    await graine.up();
    await first.cancelled();
    await call.hears(620);
    await call.hangsUp();
    await app.next('/dialled');
  },
);

test('what is no snapshot stops nobody', { timeout: 120_000 }, async () => {
  const on = await stage();
  const { graine, app, alice, desk } = on;
  await graine.killed();
  const folder = path.join(graine.folder, 'data', 'standing');
  const odd = [
    '{',
    '[1]',
    '["x","{}"]',
    '["y","null"]',
    '["z"]',
    JSON.stringify(['w', '{"version":1,"caller":{"identity":{}},"others":[]}']),
  ];
  writeFileSync(path.join(folder, 'standing-999.journal'), odd.join('\n'));
  await graine.up();
  app.answers(dials(desk));
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await call.hears(620);
  await call.hangsUp();
});
