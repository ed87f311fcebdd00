import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Roster } from './roster.ts';

test('who is on the roster is found, replaced and listed in order', () => {
  const roster = new Roster<string, { name: string }>();
  roster.set('a', { name: 'Anna' });
  roster.set('b', { name: 'Bert' });
  roster.set('a', { name: 'Alma' });
  assert.equal(roster.get('a')?.name, 'Alma');
  assert.equal(roster.size, 2);
  assert.deepEqual([...roster.keys()], ['a', 'b']);
  assert.deepEqual(
    [...roster.values()].map(({ name }) => name),
    ['Alma', 'Bert'],
  );
});

test('who left is gone, and leaving twice is no fault', () => {
  const roster = new Roster<string, { name: string }>();
  roster.set('a', { name: 'Anna' });
  assert.equal(roster.delete('a'), true);
  assert.equal(roster.delete('a'), false);
  assert.equal(roster.get('a'), undefined);
  assert.equal(roster.has('a'), false);
  assert.deepEqual([...roster.values()], []);
});

test('those who leave while the roster is read are not met', () => {
  const roster = new Roster<number, { n: number }>();
  for (let n = 0; n < 4; n++) roster.set(n, { n });
  const met: number[] = [];
  for (const { n } of roster.values()) {
    met.push(n);
    roster.delete(n + 1);
  }
  assert.deepEqual(met, [0, 2]);
  roster.clear();
  assert.equal(roster.size, 0);
});
