import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InDialogRequest } from '../sip/agent/index.ts';
import type { Leg } from './leg.ts';
import { handleReinvite } from './reinvite.ts';

/** A leg whose engine takes what was negotiated when it is told to, and the answers it gave. */
function start(agreement: object) {
  const replies: unknown[] = [];
  let taken = (): void => {};
  let broken: (fault: Error) => void = () => {};
  const leg = {
    media: {
      negotiation: { receive: () => ({ ok: true }), answer: () => ({ sdp: 'v=0', agreement }) },
      readyFor: () => Promise.resolve(),
      configure: () =>
        new Promise<void>((resolve, reject) => {
          [taken, broken] = [resolve, reject];
        }),
    },
    note: () => {},
    renegotiated: () => {},
    events: { emit: () => {} },
  };
  const request = { sdp: 'v=0', request: { headers: new Map() }, reply: (answer: unknown) => replies.push(answer) };
  const handled = handleReinvite(leg as unknown as Leg, request as unknown as InDialogRequest);
  return { replies, handled, taken: () => taken(), broken: (fault: Error) => broken(fault) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an answer with keys waits for the engine to have them: the next packet may be under them', async () => {
  const { replies, handled, taken } = start({ srtp: {} });
  await turn();
  assert.deepEqual(replies, []);
  taken();
  await handled;
  assert.deepEqual(replies, [{ status: 200, sdp: 'v=0' }]);
});

test('without keys nobody waits', async () => {
  const { replies, handled, taken } = start({});
  await turn();
  assert.equal(replies.length, 1);
  taken();
  await handled;
});

test('an engine that fails leaves no re-INVITE without its answer', async () => {
  const { replies, handled, broken } = start({ srtp: {} });
  await turn();
  broken(new Error('gone'));
  await assert.rejects(handled, /gone/);
  assert.equal(replies.length, 1);
});
