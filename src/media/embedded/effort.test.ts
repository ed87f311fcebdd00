import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Effort, EffortReader } from './effort.ts';

test('a worker that works a quarter of the time, and late, is read so', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(0);
  for (let at = 0; at < 400; at += 20) {
    effort.wakes(at + 3, at);
    effort.rests(at + 8);
  }
  const { busy, lateMs } = reader.read(400);
  assert.equal(busy, 0.25);
  assert.equal(lateMs, 3);
  assert.deepEqual(reader.read(500), { busy: 0, lateMs: 0 }, 'it waits since');
});

test('a packet that comes before something is due is not late', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(0);
  effort.wakes(5, 20);
  effort.rests(6);
  assert.equal(reader.read(100).lateMs, 0);
});

test('one that does not come back from its work is wholly busy', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(1);
  effort.wakes(2, 2);
  reader.read(250);
  assert.equal(reader.read(500).busy, 1);
});

test('late once in a while is next to nothing', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(0);
  effort.wakes(60, 0);
  effort.rests(61);
  assert.equal(reader.read(250).lateMs, 5);
});
