/** Every cell of the dialog's machines, and the drawing in the README. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dialogTable } from './dialog-machine.ts';
import { exchangeTable } from './exchange.ts';
import { reliableTable } from './reliable.ts';

type Cell = 'ignore' | ((event: never, context: never) => { to: string; effects?: ReadonlyArray<{ type: string }> });
type AnyTable = { readonly [state: string]: { readonly [event: string]: Cell } };

const end = { by: 'local', reason: undefined, request: undefined };

function outcome(cell: Cell, type: string): string {
  if (cell === 'ignore') return 'ignore';
  const step = cell({ type, end } as never, undefined as never);
  return [step.to, ...(step.effects ?? []).map((effect) => effect.type)].join(', ');
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

/** `from --> to: event` lines of the diagram under this title. */
function drawn(title: string): string[] {
  const text = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const part = text.slice(text.indexOf(`%% ${title}\n`));
  const lines = part.slice(0, part.indexOf('```')).split('\n');
  return lines.flatMap((line) => (/^ {2}\w+ --> \w+: /.test(line) ? [line.trim()] : [])).sort();
}

function moves(table: AnyTable): string[] {
  const arrows = new Map<string, string[]>();
  for (const [state, row] of Object.entries(table)) {
    for (const [event, cell] of Object.entries(row)) {
      const to = outcome(cell, event).split(',')[0];
      if (cell !== 'ignore' && to !== state)
        arrows.set(`${state} --> ${to}`, [...(arrows.get(`${state} --> ${to}`) ?? []), event]);
    }
  }
  return Array.from(arrows, ([arrow, events]) => `${arrow}: ${events.join(', ')}`).sort();
}

check('dialog', dialogTable as unknown as AnyTable, {
  'unacknowledged ack': 'confirmed',
  'unacknowledged hangup': 'closing, notify',
  'unacknowledged remoteBye': 'ended, notify, free',
  'unacknowledged noAck': 'ending, sendBye, notify',
  'unacknowledged dead': 'closing, notify',
  'unacknowledged gone': 'ended, notify, free',
  'unacknowledged abandon': 'ended, free',
  'confirmed hangup': 'ending, sendBye, notify',
  'confirmed remoteBye': 'ended, notify, free',
  'confirmed noAck': 'ending, sendBye, notify',
  'confirmed dead': 'ending, sendBye, notify',
  'confirmed gone': 'ended, notify, free',
  'confirmed abandon': 'ended, free',
  'closing ack': 'ending, sendBye',
  'closing remoteBye': 'ended, free',
  'closing noAck': 'ending, sendBye',
  'closing gone': 'ended, free',
  'closing abandon': 'ended, free',
  'ending byeDone': 'ended, free',
  'ending abandon': 'ended, free',
});

check('exchange', exchangeTable as unknown as AnyTable, {
  'idle want': 'ours, go',
  'idle came': 'theirs, deliver',
  'ours want': 'ours, queue',
  'ours came': 'ours, glare',
  'ours settled': 'idle, next',
  'theirs want': 'theirs, queue',
  'theirs came': 'theirs, busy',
  'theirs settled': 'idle, next',
  'theirs accepted': 'unacknowledged',
  'unacknowledged want': 'unacknowledged, queue',
  'unacknowledged came': 'unacknowledged, glare',
  'unacknowledged settled': 'idle, next',
  'unacknowledged acknowledged': 'idle, next',
});

check('reliable provisional', reliableTable as unknown as AnyTable, {
  'idle send': 'waiting, transmit',
  'idle stop': 'over, quiet',
  'waiting send': 'waiting, queue',
  'waiting prack': 'idle, next',
  'waiting resend': 'waiting, repeat',
  'waiting timeout': 'over, lost',
  'waiting stop': 'over, quiet',
});
