import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../base/index.ts';
import { type LegEvent, type LegState, legTable, statusOfResponse } from './leg-state.ts';

const events: LegEvent['type'][] = ['queued', 'dispatched', 'rang', 'earlyMedia', 'answered', 'ended'];
// Each row: where each of the events above leads; '-' moves nothing and reports nothing.
const rows: readonly [LegState, string, string, string, string, string, string][] = [
  ['queued', '-', 'trying', '-', '-', '-', 'ended'],
  ['trying', 'queued', '-', 'ringing', 'early-media', 'in-progress', 'ended'],
  ['ringing', '-', '-', '-', 'early-media', 'in-progress', 'ended'],
  ['early-media', '-', '-', '-', '-', 'in-progress', 'ended'],
  ['in-progress', '-', '-', '-', '-', '-', 'ended'],
  ['ended', '-', '-', '-', '-', '-', '-'],
];

for (const [from, ...goals] of rows) {
  events.forEach((type, at) => {
    const goal = goals[at] ?? '-';
    test(`${from}: ${type} ${goal === '-' ? 'changes nothing' : `→ ${goal}, reported once`}`, () => {
      let reports = 0;
      const machine = new Machine({ table: legTable, initial: from, context: undefined, perform: () => reports++ });
      machine.handle({ type });
      assert.equal(machine.state, goal === '-' ? from : goal);
      assert.equal(reports, goal === '-' ? 0 : 1);
    });
  });
}

test('a call that REST placed is busy at 603 too', () => {
  assert.equal(statusOfResponse(603, true), 'busy');
});

test('487 is no-answer, 486 and 600 busy, anything else failed', () => {
  assert.deepEqual(
    [487, 486, 600, 404, 480, 503, 603].map((status) => statusOfResponse(status)),
    ['no-answer', 'busy', 'busy', 'failed', 'failed', 'failed', 'failed'],
  );
});
