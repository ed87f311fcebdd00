import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../../../base/index.ts';
import type { OutboundLeg } from '../../../call/index.ts';
import { type DialEffect, type DialEvent, type DialState, dialTable } from './dial-machine.ts';

const child = { callSid: 'c' } as OutboundLeg;
const hook = { url: '/confirm' };
const events: [name: string, event: DialEvent][] = [
  ['answered', { type: 'answered', child, confirm: undefined }],
  ['answered, to be screened', { type: 'answered', child, confirm: hook }],
  ['accepted', { type: 'accepted', child }],
  ['exhausted', { type: 'exhausted' }],
  ['ringTimeout', { type: 'ringTimeout', screened: 0 }],
  ['ringTimeout while one is screened', { type: 'ringTimeout', screened: 1 }],
  ['refused', { type: 'refused' }],
  ['bridged', { type: 'bridged' }],
  ['bridgeFailed', { type: 'bridgeFailed' }],
  ['winnerGone', { type: 'winnerGone', by: 'callee' }],
  ['timeLimit', { type: 'timeLimit' }],
  ['letGo', { type: 'letGo' }],
  ['stop', { type: 'stop', by: 'caller' }],
  ['referred by the callee', { type: 'referred', by: 'callee' }],
  ['referred by the caller', { type: 'referred', by: 'caller' }],
  ['settled', { type: 'settled' }],
];

// One row a state, one cell an event in the order above: the next state and the effects, '-' for nothing.
const rows: Record<DialState, string[]> = {
  ringing: [
    'connecting cancelRinging dropScreened elect',
    'ringing screen',
    'connecting cancelRinging dropScreened elect',
    'ended finish',
    'ended cancelRinging finish',
    'screening cancelRinging',
    'ended finish',
    '-',
    '-',
    '-',
    '-',
    '-',
    'ended cancelRinging dropScreened finish',
    '-',
    '-',
    '-',
  ],
  screening: [
    'screening surplus',
    'screening surplus',
    'connecting cancelRinging dropScreened elect',
    'ended finish',
    '-',
    '-',
    'ended dropScreened finish',
    '-',
    '-',
    '-',
    '-',
    '-',
    'ended cancelRinging dropScreened finish',
    '-',
    '-',
    '-',
  ],
  connecting: [
    'connecting surplus',
    'connecting surplus',
    'connecting surplus',
    '-',
    '-',
    '-',
    '-',
    'connected startTimeLimit',
    'ended dropWinner finish',
    'ended finish',
    '-',
    '-',
    'ended dropWinner finish',
    '-',
    '-',
    '-',
  ],
  connected: [
    'connected surplus',
    'connected surplus',
    'connected surplus',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    'ended finish',
    'ended dropWinner finish',
    'ended finish',
    'ended dropWinner finish',
    'ended part finish',
    'referring part',
    '-',
  ],
  referring: [
    'referring surplus',
    'referring surplus',
    'referring surplus',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    'ended finish',
    '-',
    '-',
    'ended finish',
  ],
  ended: [
    'ended surplus',
    'ended surplus',
    'ended surplus',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
    '-',
  ],
};

function machineIn(initial: DialState, perform: (effect: DialEffect) => void) {
  return new Machine<DialState, DialEvent, DialEffect, undefined>({
    table: dialTable,
    initial,
    context: undefined,
    perform,
  });
}

for (const [from, cells] of Object.entries(rows) as [DialState, string[]][]) {
  events.forEach(([name, event], at) => {
    const cell = cells[at] ?? '';
    test(`${from}: ${name} → ${cell}`, () => {
      const done: string[] = [];
      const machine = machineIn(from, (effect) => done.push(effect.type));
      machine.handle(event);
      assert.equal(cell === '-' ? '-' : [machine.state, ...done].join(' '), cell);
      if (cell === '-') assert.deepEqual([machine.state, done], [from, []]);
    });
  });
}

const second = { callSid: 'd' } as OutboundLeg;

test('two answers in one tick elect the first and send the second away', () => {
  const effects: DialEffect[] = [];
  const machine = machineIn('ringing', (effect) => effects.push(effect));
  machine.handle({ type: 'answered', child, confirm: undefined });
  machine.handle({ type: 'answered', child: second, confirm: undefined });
  assert.deepEqual(effects.slice(2), [
    { type: 'elect', child },
    { type: 'surplus', child: second },
  ]);
});

test('two who accept in one tick: the first wins, the second is sent away', () => {
  const effects: DialEffect[] = [];
  const machine = machineIn('screening', (effect) => effects.push(effect));
  machine.handle({ type: 'accepted', child: second });
  machine.handle({ type: 'accepted', child });
  assert.deepEqual(effects.slice(1), [
    { type: 'dropScreened', except: second },
    { type: 'elect', child: second },
    { type: 'surplus', child },
  ]);
});

test('the end of a dial whose screened callees all declined after the ring timer is a timeout', () => {
  const effects: DialEffect[] = [];
  const machine = machineIn('ringing', (effect) => effects.push(effect));
  machine.handle({ type: 'ringTimeout', screened: 2 });
  machine.handle({ type: 'exhausted' });
  assert.deepEqual(effects, [
    { type: 'cancelRinging', because: 'timeout' },
    { type: 'finish', end: 'timeout' },
  ]);
});

test('whatever comes, a dial finishes exactly once', () => {
  for (const [, first] of events)
    for (const [, then] of events) for (const [, last] of events) finishesOnce([first, then, last]);
});

function finishesOnce(sequence: readonly DialEvent[]): void {
  let finishes = 0;
  const machine = machineIn('ringing', (effect) => (finishes += effect.type === 'finish' ? 1 : 0));
  for (const event of sequence) machine.handle(event);
  assert.equal(finishes, machine.state === 'ended' ? 1 : 0);
}
