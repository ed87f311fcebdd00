import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrival } from './arrival.ts';

test('another view sees how far a file has come, and how it ended', () => {
  const writer = new Arrival();
  const reader = new Arrival(writer.memory);
  assert.deepEqual([reader.bytes, reader.expected, reader.ended, reader.fault], [0, undefined, false, undefined]);
  writer.expect(300);
  writer.grew(100);
  writer.grew(50);
  assert.deepEqual([reader.bytes, reader.expected, reader.ended], [150, 300, false]);
  writer.end('the server went away');
  assert.deepEqual([reader.ended, reader.fault], [true, 'the server went away']);
});

test('the first end counts', () => {
  const arrival = new Arrival();
  arrival.end();
  arrival.end('too late');
  assert.deepEqual([arrival.ended, arrival.fault], [true, undefined]);
});

test('a long fault is cut, not in the middle of a letter', () => {
  const arrival = new Arrival();
  arrival.end('ä'.repeat(500));
  assert.equal(arrival.fault, 'ä'.repeat(120));
});
