import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Effort, EffortReader } from './effort.ts';

test('a worker that works a quarter of the time, and late, is read so', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(0);
  for (let at = 0; at < 400; at += 20) {
    effort.wakes(at + 3);
    effort.owes(at + 3, at);
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
  effort.wakes(5);
  effort.owes(5, 20);
  effort.rests(6);
  assert.equal(reader.read(100).lateMs, 0);
});

test('one that does not come back from its work is wholly busy', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(1);
  effort.wakes(2);
  effort.owes(2, 2);
  reader.read(250);
  assert.equal(reader.read(500).busy, 1);
});

test('late once in a while is next to nothing', () => {
  const reader = new EffortReader(0);
  const effort = new Effort(reader.memory, 0);
  effort.rests(0);
  effort.wakes(60);
  effort.owes(60, 0);
  effort.rests(61);
  assert.equal(reader.read(250).lateMs, 5);
});

test('a worker that hardly rests saves time, until it rests again for half of a second', () => {
  const effort = new Effort(new SharedArrayBuffer(32), 0);
  const second = (from: number, busy: number): boolean => {
    for (let at = from; at < from + 1000; at += 20) {
      effort.wakes(at);
      effort.rests(at + 20 * busy);
    }
    return effort.scarce;
  };
  const shares = [0.6, 0.9, 0.9, 0.6, 0.6, 0.4, 0.4, 0.6];
  const told = shares.map((busy, i) => second(i * 1000, busy));
  assert.deepEqual(
    // A second is judged when it is over, so with the one after it.
    told.map((saves, i) => (i === 0 ? '' : `${shares[i - 1]} ${saves}`)).slice(1),
    ['0.6 false', '0.9 true', '0.9 true', '0.6 true', '0.6 true', '0.4 false', '0.4 false'],
  );
});
