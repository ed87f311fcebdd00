import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Emitter } from '../../base/index.ts';
import { realSide, sdp } from './fixture.test.ts';
import type { Dialog, DialogEnd, Failure, Invitation } from './types.ts';

/** The first of an event, as a promise. */
function next<E extends { [name: string]: unknown[] }, K extends keyof E>(events: Emitter<E>, name: K): Promise<E[K]> {
  return new Promise((resolve) => events.once(name, (...args) => resolve(args)));
}

async function phones() {
  const alice = await realSide();
  const bob = await realSide();
  const invited = new Promise<Invitation>((resolve) => bob.agent.onInvitation(resolve));
  const call = alice.agent.invite({
    uri: `sip:bob@127.0.0.1:${bob.port}`,
    from: { displayName: 'Alice', uri: 'sip:alice@example.test' },
    sdp: sdp(1),
    headers: [['X-Trace', '1']],
  });
  const stop = (): void => {
    alice.stop();
    bob.stop();
    assert.deepEqual(alice.clock.pending(), []);
    assert.deepEqual(bob.clock.pending(), []);
  };
  return { alice, bob, invited, call, stop };
}

test('a call over UDP rings, is answered, acknowledged and ended by the caller', async () => {
  const { invited, call, stop } = await phones();
  const progress = next(call.events, 'progress');
  const answered = next(call.events, 'answered');
  const invitation = await invited;
  assert.equal(invitation.offer?.toString(), sdp(1).toString());
  assert.equal(invitation.from.displayName, 'Alice');
  assert.equal(invitation.request.headers.get('X-Trace'), '1');
  invitation.progress({ status: 180 });
  assert.equal((await progress)[0].status, 180);
  const bobs = invitation.accept({ sdp: sdp(2) });
  const acknowledged = next(bobs.events, 'acknowledged');
  const [dialog, answer] = await answered;
  assert.equal(answer?.toString(), sdp(2).toString());
  await acknowledged;
  const ended = next(bobs.events, 'ended');
  let mine: DialogEnd | undefined;
  dialog.events.on('ended', (end) => (mine = end));
  dialog.bye({ reason: { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' } });
  assert.equal(mine?.by, 'local');
  const [end] = await ended;
  assert.equal(end.by, 'remote');
  assert.deepEqual(end.reason, { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  stop();
});

test('the callee may end it too', async () => {
  const { invited, call, stop } = await phones();
  const answered = next(call.events, 'answered');
  const bobs: Dialog = (await invited).accept({ sdp: sdp(2) });
  const [dialog] = await answered;
  await next(bobs.events, 'acknowledged');
  const ended = next(dialog.events, 'ended');
  bobs.bye();
  assert.equal((await ended)[0].by, 'remote');
  stop();
});

test('§9.1 a CANCEL after the first provisional ends both sides with 487', async () => {
  const { invited, call, stop } = await phones();
  const progress = next(call.events, 'progress');
  const failed = next(call.events, 'failed');
  const invitation = await invited;
  const cancelled = next(invitation.events, 'cancelled');
  invitation.progress({ status: 180 });
  await progress;
  call.cancel({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  assert.deepEqual((await cancelled)[0], { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  const [failure]: [Failure] = await failed;
  assert.equal(failure.status, 487);
  assert.equal(failure.by, 'cancelled');
  assert.equal(failure.response?.status, 487);
  stop();
});

test('a refusal reaches the caller with its status and reason', async () => {
  const { invited, call, stop } = await phones();
  const failed = next(call.events, 'failed');
  (await invited).reject({ status: 486 });
  const [failure] = await failed;
  assert.equal(failure.status, 486);
  assert.equal(failure.by, 'response');
  stop();
});
