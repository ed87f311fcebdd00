import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../../../base/index.ts';
import type { OutboundLeg } from '../../../call/index.ts';
import { type DialEffect, type DialEvent, type DialState, dialTable } from './dial-machine.ts';

const child = { callSid: 'c' } as OutboundLeg;
const events: DialEvent[] = [
  { type: 'answered', child },
  { type: 'exhausted' },
  { type: 'ringTimeout' },
  { type: 'refused' },
  { type: 'bridged' },
  { type: 'bridgeFailed' },
  { type: 'winnerGone', by: 'callee' },
  { type: 'timeLimit' },
  { type: 'stop', by: 'caller' },
  { type: 'referred', by: 'callee' },
  { type: 'referred', by: 'caller' },
  { type: 'settled' },
];

// One row a state, one cell an event in the order above: the next state and the effects, '-' for nothing.
const rows: Record<DialState, string[]> = {
  ringing: [
    'connecting cancelRinging elect',
    'ended finish',
    'ended cancelRinging finish',
    'ended finish',
    '-',
    '-',
    '-',
    '-',
    'ended cancelRinging finish',
    '-',
    '-',
    '-',
  ],
  connecting: [
    'connecting surplus',
    '-',
    '-',
    '-',
    'connected startTimeLimit',
    'ended dropWinner finish',
    'ended finish',
    '-',
    'ended dropWinner finish',
    '-',
    '-',
    '-',
  ],
  connected: [
    'connected surplus',
    '-',
    '-',
    '-',
    '-',
    '-',
    'ended finish',
    'ended dropWinner finish',
    'ended dropWinner finish',
    'ended part finish',
    'referring part',
    '-',
  ],
  referring: ['referring surplus', '-', '-', '-', '-', '-', '-', '-', 'ended finish', '-', '-', 'ended finish'],
  ended: ['ended surplus', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'],
};

for (const [from, cells] of Object.entries(rows) as [DialState, string[]][]) {
  events.forEach((event, at) => {
    const cell = cells[at] ?? '';
    test(`${from}: ${event.type} → ${cell}`, () => {
      const done: string[] = [];
      const machine = new Machine<DialState, DialEvent, DialEffect, undefined>({
        table: dialTable,
        initial: from,
        context: undefined,
        perform: (effect) => done.push(effect.type),
      });
      machine.handle(event);
      assert.equal(cell === '-' ? '-' : [machine.state, ...done].join(' '), cell);
      if (cell === '-') assert.deepEqual([machine.state, done], [from, []]);
    });
  });
}

test('two answers in one tick elect the first and send the second away', () => {
  const effects: DialEffect[] = [];
  const machine = new Machine<DialState, DialEvent, DialEffect, undefined>({
    table: dialTable,
    initial: 'ringing',
    context: undefined,
    perform: (effect) => effects.push(effect),
  });
  const second = { callSid: 'd' } as OutboundLeg;
  machine.handle({ type: 'answered', child });
  machine.handle({ type: 'answered', child: second });
  assert.deepEqual(effects.slice(1), [
    { type: 'elect', child },
    { type: 'surplus', child: second },
  ]);
});

test('whatever comes, a dial finishes exactly once', () => {
  for (const first of events)
    for (const second of events) for (const third of events) finishesOnce([first, second, third]);
});

function finishesOnce(sequence: readonly DialEvent[]): void {
  let finishes = 0;
  const machine = new Machine<DialState, DialEvent, DialEffect, undefined>({
    table: dialTable,
    initial: 'ringing',
    context: undefined,
    perform: (effect) => (finishes += effect.type === 'finish' ? 1 : 0),
  });
  for (const event of sequence) machine.handle(event);
  assert.equal(finishes, machine.state === 'ended' ? 1 : 0);
}
