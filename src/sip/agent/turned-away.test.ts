import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import { TurnedAway } from './turned-away.ts';

test('who was turned away is known for at least 16 s, and not for ever', () => {
  const clock = new FakeClock();
  const away = new TurnedAway(clock);
  away.add('a');
  clock.advance(15_999);
  away.add('b');
  assert.ok(away.has('a') && away.has('b'));
  clock.advance(16_000);
  away.add('c');
  assert.ok(away.has('b') && away.has('c'));
  clock.advance(16_000);
  away.add('d');
  assert.ok(!away.has('a') && !away.has('b') && away.has('d'));
});

test('a flood pushes the oldest out', () => {
  const away = new TurnedAway(new FakeClock());
  for (let n = 0; n < 50_000; n++) away.add(`flood-${n}`);
  assert.ok(!away.has('flood-0'));
  assert.ok(away.has('flood-49999') && away.has('flood-30000'));
});
