import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './clock.ts';
import { GatheringTrace, type TraceEvent } from './trace.ts';

function gathering() {
  const clock = new FakeClock();
  const trace = new GatheringTrace(clock);
  const told: string[] = [];
  trace.on('event', (event) => told.push(nameOf(event)));
  const end = (sessionSid: string) => trace.publish({ kind: 'end', at: clock.now(), sessionSid });
  return { clock, trace, told, end };
}

const nameOf = (event: TraceEvent): string => (event.kind === 'end' ? event.sessionSid : event.kind);

test('events are told together and in order, a moment later, and no timer is left', () => {
  const { clock, told, end } = gathering();
  end('a');
  clock.advance(50);
  end('b');
  assert.deepEqual(told, []);
  clock.advance(50);
  assert.deepEqual(told, ['a', 'b']);
  assert.deepEqual(clock.pending(), []);
});

test('who needs to know now has them told at once, each of them once', () => {
  const { clock, trace, told, end } = gathering();
  end('a');
  trace.flush();
  assert.deepEqual(told, ['a']);
  assert.deepEqual(clock.pending(), []);
  trace.flush();
  end('b');
  clock.advance(100);
  assert.deepEqual(told, ['a', 'b']);
});

test('a flood does not pile up, and what a listener publishes is told after what there is', () => {
  const { clock, trace, told, end } = gathering();
  trace.on('event', (event) => {
    if (nameOf(event) === '1') end('from the listener');
  });
  for (let count = 1; count <= 128; count++) end(String(count));
  assert.equal(told.length, 128);
  clock.advance(100);
  assert.equal(told.at(-1), 'from the listener');
});
