/** Every cell of the agent's machines, and the drawing in the README. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { invitationTable } from './invitation-machine.ts';
import { outgoingTable } from './outgoing-machine.ts';
import { pingTable } from './ping.ts';
import { registrationTable } from './registration.ts';

type Cell = 'ignore' | ((event: never, context: never) => { to: string; effects?: ReadonlyArray<{ type: string }> });
type AnyTable = { readonly [state: string]: { readonly [event: string]: Cell } };

function outcome(cell: Cell, type: string): string {
  if (cell === 'ignore') return 'ignore';
  const step = cell({ type, response: {}, by: 'timeout', status: 408, seconds: 60 } as never, undefined as never);
  return [step.to, ...(step.effects ?? []).map((effect) => effect.type)].join(', ');
}

function moves(table: AnyTable): string[] {
  const arrows = new Map<string, string[]>();
  for (const [state, row] of Object.entries(table)) {
    for (const [event, cell] of Object.entries(row)) {
      const arrow = `${state} --> ${outcome(cell, event).split(',')[0]}`;
      if (cell !== 'ignore' && !arrow.endsWith(`> ${state}`)) arrows.set(arrow, [...(arrows.get(arrow) ?? []), event]);
    }
  }
  return Array.from(arrows, ([arrow, events]) => `${arrow}: ${events.join(', ')}`).sort();
}

function drawn(title: string): string[] {
  const text = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const part = text.slice(text.indexOf(`%% ${title}\n`));
  const lines = part.slice(0, part.indexOf('```')).split('\n');
  return lines.flatMap((line) => (/^ {2}\w+ --> \w+: /.test(line) ? [line.trim()] : [])).sort();
}

function check(title: string, table: AnyTable, expected: Record<string, string>): void {
  const seen = new Set<string>();
  for (const [state, row] of Object.entries(table)) {
    for (const [event, cell] of Object.entries(row)) {
      const key = `${state} ${event}`;
      seen.add(key);
      const want = expected[key] ?? 'ignore';
      test(`${title}: in ${state}, ${event} → ${want}`, () => assert.equal(outcome(cell, event), want));
    }
  }
  test(`${title}: every expected cell exists, and every move is drawn`, () => {
    assert.deepEqual(
      Object.keys(expected).filter((key) => !seen.has(key)),
      [],
    );
    assert.deepEqual(drawn(title), moves(table));
  });
}

check('invitation', invitationTable as unknown as AnyTable, {
  'open accept': 'accepting, holdAnswer',
  'open reject': 'refused, sendRefusal, free',
  'open cancel': 'cancelled, send487, free, tell',
  'open lost': 'cancelled, send504, free, tell',
  'accepting quiet': 'answered, sendAnswer',
  'accepting cancel': 'cancelled, send487, free, killDialog',
  'accepting lost': 'refused, send504, free, killDialog',
});

check('outgoing call', outgoingTable as unknown as AnyTable, {
  'idle sent': 'calling',
  'idle unreachable': 'failed, fail',
  'idle cancel': 'failed, failCancelled',
  'calling sent': 'calling',
  'calling provisional': 'proceeding',
  'calling success': 'answered, answer',
  'calling refused': 'failed, failResponse',
  'calling unreachable': 'failed, fail',
  'calling cancel': 'stopping',
  'proceeding sent': 'calling',
  'proceeding success': 'answered, answer',
  'proceeding refused': 'failed, failResponse',
  'proceeding unreachable': 'failed, fail',
  'proceeding cancel': 'cancelling, sendCancel',
  'stopping provisional': 'cancelling, sendCancel',
  'stopping success': 'failed, dismiss, failCancelled',
  'stopping refused': 'failed, failCancelled',
  'stopping unreachable': 'failed, failCancelled',
  'cancelling success': 'failed, dismiss, failCancelled',
  'cancelling refused': 'failed, failCancelled',
  'cancelling unreachable': 'failed, failCancelled',
  'cancelling giveUp': 'failed, abandon, failCancelled',
  'answered success': 'answered, another',
  'failed success': 'failed, another',
});

check('registration', registrationTable as unknown as AnyTable, {
  'registering accepted': 'registered, refreshIn',
  'registering refused': 'waiting, backOff',
  'registering close': 'leaving, unregister',
  'registered due': 'registering, send',
  'registered close': 'leaving, unregister',
  'waiting due': 'registering, send',
  'waiting close': 'closed, done',
  'leaving accepted': 'closed, done',
  'leaving refused': 'closed, done',
  'leaving due': 'closed, done',
});

check('ping', pingTable as unknown as AnyTable, {
  'unknown heard': 'up, tellUp',
  'unknown silent': 'down, tellDown',
  'up silent': 'doubtful',
  'doubtful heard': 'up',
  'doubtful silent': 'down, tellDown',
  'down heard': 'up, tellUp',
});
