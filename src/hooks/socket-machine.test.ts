import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Machine } from '../base/index.ts';
import {
  type SocketEffect,
  type SocketEvent,
  type SocketFacts,
  type SocketState,
  socketTable,
} from './socket-machine.ts';

const fault = { kind: 'connection', message: 'gone' } as const;
const events: SocketEvent[] = [
  { type: 'wanted' },
  { type: 'opened' },
  { type: 'failed', fault },
  { type: 'greeted' },
  { type: 'dropped', fault },
  { type: 'rested' },
  { type: 'close', code: 1000 },
  { type: 'expired' },
  { type: 'abort' },
];
const facts = (known: boolean, retries: boolean, owes = false): SocketFacts => ({
  known,
  owes,
  mayRetry: () => retries,
});

// One cell an event in the order above: the next state and the effects, '-' for nothing. Of a known session that may retry.
const rows: Record<SocketState, string[]> = {
  idle: ['connecting connect', '-', '-', '-', '-', '-', 'closed end', '-', 'closed end'],
  connecting: ['-', 'greeting greet', 'resting rest', '-', 'resting rest', '-', 'leaving', '-', 'closed cut end'],
  greeting: ['-', '-', '-', 'open flush', 'resting rest', '-', 'closing flush goodbye', '-', 'closed cut end'],
  open: ['open flush', '-', '-', '-', 'resting rest', '-', 'closing flush goodbye', '-', 'closed cut end'],
  resting: ['-', '-', '-', '-', '-', 'connecting connect', 'closed end', '-', 'closed end'],
  leaving: ['-', 'closing flush goodbye', 'closed end', '-', 'closed end', '-', '-', '-', 'closed cut end'],
  closing: ['-', '-', '-', '-', 'closed end', '-', '-', 'closed cut end', 'closed cut end'],
  closed: ['-', '-', '-', '-', '-', '-', '-', '-', '-'],
};

function step(from: SocketState, event: SocketEvent, context: SocketFacts): string {
  const done: string[] = [];
  const machine = new Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>({
    table: socketTable,
    initial: from,
    context,
    perform: (effect) => done.push(effect.type),
  });
  return machine.handle(event) ? [machine.state, ...done].join(' ') : '-';
}

for (const [from, cells] of Object.entries(rows) as [SocketState, string[]][])
  events.forEach((event, at) => {
    test(`${from}: ${event.type} → ${cells[at]}`, () => assert.equal(step(from, event, facts(true, true)), cells[at]));
  });

test('the first connection needs no greeting', () => {
  assert.equal(step('connecting', { type: 'opened' }, facts(false, false)), 'open flush');
});

test('without a further try a lost connection is the end', () => {
  for (const from of ['connecting', 'greeting', 'open'] as const)
    assert.equal(step(from, { type: 'dropped', fault }, facts(true, false)), 'closed lose end');
  assert.equal(step('connecting', { type: 'failed', fault }, facts(false, false)), 'closed lose end');
});

test('what is owed is delivered after the call is over', () => {
  assert.equal(step('idle', { type: 'close', code: 1000 }, facts(false, false, true)), 'leaving connect');
});

test('whatever comes, a socket ends at most once', () => {
  const pairs = events.flatMap((a) => events.map((b) => [a, b]));
  for (const first of pairs) for (const second of pairs) endsOnce([...first, ...second]);
});

function endsOnce(sequence: readonly SocketEvent[]): void {
  let ends = 0;
  const machine = new Machine<SocketState, SocketEvent, SocketEffect, SocketFacts>({
    table: socketTable,
    initial: 'idle',
    context: facts(true, true),
    perform: (effect) => (ends += effect.type === 'end' ? 1 : 0),
  });
  for (const event of [{ type: 'wanted' } as const, ...sequence]) machine.handle(event);
  assert.equal(ends, machine.state === 'closed' ? 1 : 0);
}

test('the table and its drawing in the README show the same moves', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const drawn = [...readme.matchAll(/^ {4}(\w+) --> (\w+): (\w+)/gm)].map(
    ([, from, to, event]) => `${from} ${event} ${to}`,
  );
  const moves = new Set<string>();
  const contexts = [facts(true, true), facts(false, false), facts(false, false, true)];
  const cells = (Object.keys(rows) as SocketState[]).flatMap((from) => events.map((event) => ({ from, event })));
  for (const { from, event } of cells.filter((cell) => cell.event.type !== 'abort')) {
    const found = contexts.map((context) => step(from, event, context).split(' ')[0]).filter((to) => to !== '-');
    for (const to of found) moves.add(`${from} ${event.type} ${to}`);
  }
  assert.deepEqual([...moves].toSorted(), [...new Set(drawn)].toSorted());
});
