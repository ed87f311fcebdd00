import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '../base/index.ts';
import { type RecordingEffect, type RecordingEvent, type RecordingState, recordingTable } from './recording-state.ts';

type Row = [from: RecordingState, event: RecordingEvent['type'], to: RecordingState, does: string];
const rows: Row[] = [
  ['idle', 'start', 'recording', 'begin'],
  ['idle', 'pause', 'idle', 'refused'],
  ['idle', 'resume', 'idle', 'refused'],
  ['idle', 'stop', 'idle', 'refused'],
  ['idle', 'ended', 'idle', 'refused'],
  ['recording', 'start', 'recording', 'refused'],
  ['recording', 'pause', 'paused', 'pause'],
  ['recording', 'resume', 'recording', 'refused'],
  ['recording', 'stop', 'idle', 'finish'],
  ['recording', 'ended', 'idle', ''],
  ['paused', 'start', 'paused', 'refused'],
  ['paused', 'pause', 'paused', 'refused'],
  ['paused', 'resume', 'recording', 'resume'],
  ['paused', 'stop', 'idle', 'finish'],
  ['paused', 'ended', 'idle', ''],
];

for (const [from, type, to, does] of rows) {
  test(`${from}, ${type}: ${does === '' ? 'nothing to do' : does}, then ${to}`, () => {
    const done: string[] = [];
    const machine = new Machine<RecordingState, RecordingEvent, RecordingEffect, undefined>({
      table: recordingTable,
      initial: from,
      context: undefined,
      perform: (effect) => done.push(effect.do),
    });
    const taken = machine.handle(type === 'pause' ? { type, silence: true } : { type });
    assert.equal(machine.state, to);
    assert.deepEqual(taken ? done.join() : 'refused', does);
  });
}

test('there is a row for every cell', () => {
  const cells = Object.entries(recordingTable).flatMap(([state, row]) =>
    Object.keys(row).map((event) => `${state} ${event}`),
  );
  assert.deepEqual(rows.map(([state, event]) => `${state} ${event}`).toSorted(), cells.toSorted());
});
