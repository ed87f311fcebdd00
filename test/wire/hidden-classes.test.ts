// What a call makes has the hidden classes of the call before it: a literal that begins with a spread and adds to it makes a
// new one each time, and all who read the object pay. docs/decisions/0022-young-garbage.md
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { at, GraineProcess, HookApp, Phone, phones, realm } from '../kit/index.ts';

const calls = 12;

/** Members added to an object outside the tree of hidden classes, with line and column as the loader wrote them, and how often
 * after `from`, ms. */
function classesMade(log: string, from: number): Map<string, number> {
  const sites = new Map<string, number>();
  for (const line of log.split('\n')) {
    const [kind, what, time, , , , row, column, reason, member] = line.split(',');
    if (kind !== 'map' || what !== 'Transition' || reason !== 'prototype' || Number(time) < from * 1000) continue;
    const site = `${member} at ${row}:${column}`;
    sites.set(site, (sites.get(site) ?? 0) + 1);
  }
  return sites;
}

test('a dial call with hooks makes no hidden class of its own', { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'graine-classes-'));
  const log = path.join(folder, 'v8.log');
  const [app, alice, desk] = await Promise.all([
    HookApp.start(),
    Phone.listen({ name: 'alice' }),
    Phone.listen({ name: 'desk' }),
  ]);
  const spawned = performance.now();
  const gateways = [{ host: '127.0.0.1', port: alice.port, inbound: true, outbound: false }];
  const graine = await GraineProcess.start(
    {
      store: { url: 'file:./data' },
      accounts: [
        {
          name: 'kit',
          sip_realm: realm,
          applications: [{ name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') }],
          carriers: [{ name: 'origin', application: 'main', gateways }],
        },
      ],
    },
    // Without lazy feedback code does from the first call on what it else does once it has run for a while.
    `--no-lazy-feedback-allocation --log-maps --no-log-maps-details --no-logfile-per-isolate --logfile=${log}`.split(
      ' ',
    ),
    'source',
  );
  t.after(async () => {
    for (const each of [graine, app, alice, desk]) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });
  // Their clock begins after ours: what they date later than this was made by a server that was ready.
  const ready = performance.now() - spawned;
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  const target = [{ type: 'sip', sipUri: desk.uri }];
  for (let made = 0; made < calls; made++) {
    app.answers([{ verb: 'dial', answerOnBridge: true, actionHook: '/dialled', target }]);
    const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
    await call.answered();
    await call.hangsUp();
    await app.next('/dialled');
  }
  assert.equal(await graine.terminated(), 0, graine.output);
  const made = [...classesMade(readFileSync(log, 'latin1'), ready)].filter(([, times]) => times > calls / 2);
  assert.deepEqual(made, [], 'write the new member before the spread, or all members by name');
});
