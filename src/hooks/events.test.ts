import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, SeededRandom } from '../base/index.ts';
import { EventLogs } from './events.ts';

const entry = (id: string, size = 10) => ({ id, type: 'call:status', at: 0, data: {}, size });
const limits = { events: 3, bytes: 100, keepMs: 1000, endedBytes: 60 };

function logs() {
  const clock = new FakeClock();
  return { clock, all: new EventLogs({ clock, random: new SeededRandom(1), limits }) };
}

test('events are numbered from 1, and told from any number on', () => {
  const log = logs().all.open('a', 'c');
  for (const id of ['x', 'y', 'z']) log.append(entry(id));
  assert.deepEqual(
    log.after(0).events.map(({ seq, id }) => [seq, id]),
    [
      [1, 'x'],
      [2, 'y'],
      [3, 'z'],
    ],
  );
  assert.deepEqual(
    log.after(2).events.map(({ seq }) => seq),
    [3],
  );
  assert.deepEqual(log.after(3), { events: [], last: 3, lost: 0 });
  assert.deepEqual(log.after(99), { events: [], last: 3, lost: 0 });
});

test('beyond the limit of events the oldest go, and their number is told', () => {
  const log = logs().all.open('a', 'c');
  for (let n = 1; n <= 5; n++) log.append(entry(String(n)));
  assert.deepEqual(
    log.after(0).events.map(({ seq }) => seq),
    [3, 4, 5],
  );
  assert.equal(log.after(0).lost, 2);
  assert.equal(log.after(1).lost, 1);
  assert.equal(log.after(4).lost, 0);
});

test('beyond the limit of bytes too, even when nothing is left', () => {
  const log = logs().all.open('a', 'c');
  log.append(entry('small', 60));
  log.append(entry('big', 60));
  assert.deepEqual(
    log.after(0).events.map(({ id }) => id),
    ['big'],
  );
  log.append(entry('huge', 101));
  assert.deepEqual(log.after(0), { events: [], last: 3, lost: 3 });
  assert.equal(log.bytes, 0);
});

test('a log belongs to its account, and is kept for a while after the call', () => {
  const { clock, all } = logs();
  all.open('a', 'c').append(entry('x'));
  assert.equal(all.find('b', 'c'), undefined);
  all.end('c');
  clock.advance(999);
  assert.equal(all.find('a', 'c')?.last, 1);
  clock.advance(1);
  assert.equal(all.find('a', 'c'), undefined);
});

test('logs of ended calls share a limit: the oldest go first', () => {
  const { all } = logs();
  for (const sid of ['one', 'two', 'three']) {
    all.open('a', sid).append(entry(sid, 30));
    all.end(sid);
  }
  assert.equal(all.find('a', 'one'), undefined);
  assert.equal(all.find('a', 'two')?.last, 1);
  assert.equal(all.find('a', 'three')?.last, 1);
});
