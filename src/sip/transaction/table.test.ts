/** Reads a machine's table cell by cell and compares it with what the RFC says, one test a cell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequest, createResponse } from '../message/index.ts';
import type { Context, Effect } from './events.ts';
import { inviteClient } from './invite-client.ts';
import { inviteServer } from './invite-server.ts';
import { nonInviteClient } from './non-invite-client.ts';
import { nonInviteServer } from './non-invite-server.ts';
import { defaultTimers } from './timers.ts';

const request = createRequest({
  method: 'INVITE',
  uri: 'sip:b@b',
  from: '<sip:a@a>',
  to: '<sip:b@b>',
  callId: 'c',
  cseq: 1,
});
const response = createResponse(request, 200);
const bytes = Buffer.from('bytes');

function name(effect: Effect): string {
  switch (effect.type) {
    case 'start':
      return `start ${effect.timer} ${effect.ms}`;
    case 'stop':
      return 'stop';
    case 'fail':
      return `fail ${effect.reason}`;
    default:
      return effect.type;
  }
}

type AnyCell = 'ignore' | ((event: never, context: Context) => { to: string; effects?: readonly Effect[] });
type AnyTable = { readonly [state: string]: { readonly [event: string]: AnyCell } };

function outcome(cell: AnyCell, event: string, reliable: boolean): string {
  if (cell === 'ignore') return 'ignore';
  const context: Context = { reliable, timers: defaultTimers, interval: 500 };
  const step = cell({ type: event, response, bytes } as never, context);
  return [step.to, ...(step.effects ?? []).map(name)].join(', ');
}

/** Every cell of `table` is a test; those not in `expected` must be ignored. */
function check(title: string, table: AnyTable, expected: Record<string, string>): void {
  const cells = new Set<string>();
  for (const [state, row] of Object.entries(table)) {
    for (const [event, cell] of Object.entries(row)) {
      const key = `${state} ${event}`;
      cells.add(key);
      const want = expected[key] ?? 'ignore';
      test(`${title}: in ${state}, ${event} → ${want}`, () => assert.equal(outcome(cell, event, false), want));
    }
  }
  test(`${title}: every expected cell exists`, () => {
    assert.deepEqual(
      Object.keys(expected).filter((key) => !cells.has(key)),
      [],
    );
  });
}

check('§17.1.1 INVITE client', inviteClient as unknown as AnyTable, {
  'calling provisional': 'proceeding, stop, pass',
  'calling success': 'accepted, stop, forget, start M 32000, pass',
  'calling failure': 'completed, stop, ack, pass, start D 32000',
  'calling timerA': 'calling, resend, start A 1000',
  'calling timerB': 'terminated, fail timeout, end',
  'calling transportError': 'terminated, fail transport, end',
  'calling abandon': 'terminated, end',
  'proceeding provisional': 'proceeding, pass',
  'proceeding success': 'accepted, stop, forget, start M 32000, pass',
  'proceeding failure': 'completed, stop, ack, pass, start D 32000',
  'proceeding transportError': 'terminated, fail transport, end',
  'proceeding abandon': 'terminated, end',
  'accepted success': 'accepted, pass',
  'accepted timerM': 'terminated, end',
  'accepted abandon': 'terminated, end',
  'completed failure': 'completed, resend',
  'completed timerD': 'terminated, end',
  'completed transportError': 'terminated, end',
  'completed abandon': 'terminated, end',
});

check('§17.1.2 non-INVITE client', nonInviteClient as unknown as AnyTable, {
  'trying provisional': 'proceeding, pass',
  'trying success': 'completed, stop, forget, pass, start K 5000',
  'trying failure': 'completed, stop, forget, pass, start K 5000',
  'trying timerE': 'trying, resend, start E 1000',
  'trying timerF': 'terminated, fail timeout, end',
  'trying transportError': 'terminated, fail transport, end',
  'trying abandon': 'terminated, end',
  'proceeding provisional': 'proceeding, pass',
  'proceeding success': 'completed, stop, forget, pass, start K 5000',
  'proceeding failure': 'completed, stop, forget, pass, start K 5000',
  'proceeding timerE': 'proceeding, resend, start E 4000',
  'proceeding timerF': 'terminated, fail timeout, end',
  'proceeding transportError': 'terminated, fail transport, end',
  'proceeding abandon': 'terminated, end',
  'completed timerK': 'terminated, end',
  'completed abandon': 'terminated, end',
});

check('§17.2.1 INVITE server', inviteServer as unknown as AnyTable, {
  'trying request': 'proceeding, stop, trying',
  'trying provisional': 'proceeding, stop, send',
  'trying success': 'accepted, stop, send, forget, start L 32000',
  'trying failure': 'completed, stop, send, start H 32000, start G 500',
  'trying timer100': 'proceeding, stop, trying',
  'trying transportError': 'trying, fail transport',
  'proceeding request': 'proceeding, resend',
  'proceeding provisional': 'proceeding, stop, send',
  'proceeding success': 'accepted, stop, send, forget, start L 32000',
  'proceeding failure': 'completed, stop, send, start H 32000, start G 500',
  'proceeding transportError': 'proceeding, fail transport',
  'accepted success': 'accepted, send, forget',
  'accepted timerL': 'terminated, end',
  'accepted transportError': 'accepted, fail transport',
  'completed request': 'completed, resend',
  'completed ack': 'confirmed, stop, forget, start I 5000',
  'completed timerG': 'completed, resend, start G 1000',
  'completed timerH': 'terminated, fail timeout, end',
  'completed transportError': 'completed, fail transport',
  'confirmed timerI': 'terminated, end',
});

check('§17.2.2 non-INVITE server', nonInviteServer as unknown as AnyTable, {
  'trying provisional': 'proceeding, send',
  'trying success': 'completed, send, start J 32000',
  'trying failure': 'completed, send, start J 32000',
  'trying transportError': 'terminated, fail transport, end',
  'proceeding request': 'proceeding, resend',
  'proceeding provisional': 'proceeding, send',
  'proceeding success': 'completed, send, start J 32000',
  'proceeding failure': 'completed, send, start J 32000',
  'proceeding transportError': 'terminated, fail transport, end',
  'completed request': 'completed, resend',
  'completed timerJ': 'terminated, end',
  'completed transportError': 'terminated, fail transport, end',
});

/** The cells in which a transport that resends by itself makes a difference. */
for (const [title, cell, event, want] of [
  ['D', inviteClient.calling.failure, 'failure', 'completed, stop, ack, pass, start D 0'],
  ['K', nonInviteClient.trying.success, 'success', 'completed, stop, forget, pass, start K 0'],
  ['G', inviteServer.proceeding.failure, 'failure', 'completed, stop, send, start H 32000'],
  ['I', inviteServer.completed.ack, 'ack', 'confirmed, stop, forget, start I 0'],
  ['J', nonInviteServer.trying.failure, 'failure', 'completed, send, start J 0'],
] as const) {
  test(`over a reliable transport timer ${title} does not wait`, () => {
    assert.equal(outcome(cell as AnyCell, event, true), want);
  });
}
