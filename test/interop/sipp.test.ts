// The same rules with SIPp on both sides: a SIP stack nobody here wrote. issue 2, "Shown by".
import assert from 'node:assert/strict';
import { freePort, dial, sipp, type SippOutcome, type SippOptions, stage, toPhone, type World } from '../kit/index.ts';

const ports = { caller: await freePort(), one: await freePort(), two: await freePort(), three: await freePort() };
const gateway = (port: number, inbound: boolean, more = {}): Record<string, unknown> => ({
  host: '127.0.0.1',
  port,
  inbound,
  outbound: !inbound,
  ...more,
});
const carrier = (name: keyof typeof ports, more = {}): Record<string, unknown> => ({
  name,
  gateways: [gateway(ports[name], false)],
  ...more,
});

const story = stage({
  account: () => ({
    carriers: [
      { name: 'origin', application: 'main', gateways: [gateway(ports.caller, true)] },
      carrier('one', { auth: { username: 'me', password: 'mine' } }),
      carrier('two', { priority: 2 }),
      carrier('three', { priority: 3 }),
    ],
  }),
});

const via = (trunk: string): Record<string, unknown> => toPhone({ trunk });
const answering = (
  name: keyof typeof ports,
  scenario: string,
  more: Partial<SippOptions> = {},
): ReturnType<typeof sipp> => sipp({ scenario, port: ports[name], ...more });

async function calling(w: World, scenario: string, more: Partial<SippOptions> = {}): Promise<SippOutcome> {
  const run = await sipp({
    scenario,
    port: ports.caller,
    remote: w.graine.sip,
    keys: { number: '+15551230001' },
    ...more,
  });
  return run.done;
}

function allWell(outcome: SippOutcome, calls = 1): void {
  assert.equal(outcome.failed, 0, outcome.errors);
  assert.equal(outcome.successful, calls, outcome.errors);
}

story('twenty calls a second are answered and ended, both ways clean', async (w) => {
  const callee = await answering('one', 'uas', { calls: 20 });
  w.app.answers(dial([via('one')], { answerOnBridge: true }));
  allWell(await calling(w, 'uac', { calls: 20, rate: 20, args: ['-d', '300'] }), 20);
  allWell(await callee.done, 20);
});

story('over TCP too', async (w) => {
  const callee = await answering('one', 'uas', { calls: 3 });
  w.app.answers(dial([via('one')], { answerOnBridge: true }));
  allWell(await calling(w, 'uac', { calls: 3, transport: 't1', args: ['-d', '200'] }), 3);
  allWell(await callee.done, 3);
});

story('one of three answers; the others get CANCEL with the Reason', async (w) => {
  const callees = await Promise.all([
    answering('one', 'uas-cancelled'),
    answering('two', 'uas'),
    answering('three', 'uas-cancelled'),
  ]);
  w.app.answers(
    dial([via('one'), { ...via('two'), number: '+15559990002' }, { ...via('three'), number: '+15559990003' }]),
  );
  allWell(await calling(w, 'uac', { args: ['-d', '500'] }));
  for (const callee of callees) allWell(await callee.done);
  assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
});

story('busy goes back as 486', async (w) => {
  const callee = await answering('one', 'uas-busy');
  w.app.answers(dial([via('one')], { answerOnBridge: true }));
  allWell(await calling(w, 'uac-expects-486'));
  allWell(await callee.done);
});

story('503 of one carrier: the next is tried', async (w) => {
  const first = await answering('two', 'uas-503');
  const second = await answering('three', 'uas');
  const refusing = await answering('one', 'uas-503');
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  allWell(await calling(w, 'uac', { args: ['-d', '200'] }));
  for (const callee of [refusing, first, second]) allWell(await callee.done);
});

story('a caller that gives up: 487 to it, CANCEL to the callee', async (w) => {
  const callee = await answering('two', 'uas-cancelled-by-caller');
  w.app.answers(dial([via('two')], { answerOnBridge: true }));
  allWell(await calling(w, 'uac-cancels'));
  allWell(await callee.done);
  assert.equal((await w.next('/action')).body['dial_call_status'], 'no-answer');
});

story('no-answer goes back as 480 after the ring timeout', async (w) => {
  const callees = await Promise.all([
    answering('two', 'uas-cancelled-by-caller'),
    answering('three', 'uas-cancelled-by-caller'),
  ]);
  w.app.answers(dial([via('two'), { ...via('three'), number: '+15559990003' }], { answerOnBridge: true, timeout: 1 }));
  allWell(await calling(w, 'uac-expects-480'));
  for (const callee of callees) allWell(await callee.done);
});

story('a carrier’s challenge is answered so that SIPp accepts it', async (w) => {
  const callee = await answering('one', 'uas-auth');
  w.app.answers(dial([via('one')], { answerOnBridge: true }));
  allWell(await calling(w, 'uac', { args: ['-d', '200'] }));
  allWell(await callee.done);
});

story('the server hangs the caller up when the application ends', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 0.2 }, { verb: 'hangup' }]);
  allWell(await calling(w, 'uac-byed'));
});
