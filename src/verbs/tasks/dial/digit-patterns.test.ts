import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../base/index.ts';
import { DigitPatterns, silenceMs } from './digit-patterns.ts';

/** Presses keys (a blank is three seconds of silence) and lists what matched, in order. */
function matches(
  patterns: readonly string[],
  keys: string,
  end: 'silence' | 'close' | 'nothing' = 'nothing',
): string[] {
  const clock = new FakeClock();
  const found: string[] = [];
  const watch = new DigitPatterns({ clock, patterns, label: 'test', matched: (pattern) => found.push(pattern) });
  for (const key of keys) {
    if (key === ' ') clock.advance(silenceMs);
    else watch.press(key);
  }
  if (end === 'silence') clock.advance(silenceMs);
  if (end === 'close') {
    watch.close();
    assert.equal(clock.pending().length, 0);
  }
  return found;
}

const rows: [patterns: string[], keys: string, found: string[], why: string][] = [
  [['*1'], '*1', ['*1'], 'a pattern matches at its last key'],
  [['*1'], '9*1', ['*1'], 'the buffer rolls: a pattern may begin anywhere'],
  [['12'], '1 2', [], 'three seconds of silence forget the beginning'],
  [['11'], '111', ['11'], 'a match empties the buffer: no overlap'],
  [['*1', '*12'], '*12', ['*12'], 'the longest pattern wins'],
  [['*12', '*1'], '*12', ['*12'], 'whatever their order'],
  [['*1', '*12'], '*1', [], 'the shorter waits while the longer may come'],
  [['*1', '*12'], '*1 ', ['*1'], 'and matches after the silence'],
  [['*1', '*12'], '*13', ['*1'], 'or with the key that rules the longer one out'],
  [['*1', '*12'], '*1*12', ['*1', '*12'], 'that key begins the next pattern'],
  [['2', '123'], '12', [], 'a longer pattern that began earlier is waited for too'],
  [['2', '123'], '129', ['2'], 'and given up when it fails'],
  [['12', '1234', '3'], '1235', ['12', '3'], 'keys after the shorter match are read again'],
  [['12', '1234', '35'], '1235', ['12', '35'], 'and may match with what follows'],
  [['2', '12'], '12', ['12'], 'of two that end together the longer wins'],
  [['a#'], 'A#', ['A#'], 'letters in either case'],
  [[], '123', [], 'without patterns nothing matches'],
];

for (const [patterns, keys, found, why] of rows)
  test(`${why}: ${patterns.join(' ')} in "${keys}"`, () => assert.deepEqual(matches(patterns, keys), found));

test('closing reports what waited', () => assert.deepEqual(matches(['*1', '*12'], '*1', 'close'), ['*1']));

test('a hundred thousand keys are held in no more than the longest pattern needs', () => {
  assert.deepEqual(matches(['*9'], `${'1'.repeat(100_000)}*9`), ['*9']);
});
