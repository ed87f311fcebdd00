import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheHints } from '../ports/index.ts';
import { freshness } from './freshness.ts';

const date = 'Thu, 26 Nov 2026 12:00:00 GMT';
const rows: [title: string, hints: CacheHints, freshMs: number][] = [
  ['without a word: a minute', {}, 60_000],
  ['max-age counts', { cacheControl: 'public, max-age=300' }, 300_000],
  ['less the age it has', { cacheControl: 'max-age=300', age: '100' }, 200_000],
  ['an age beyond it is stale', { cacheControl: 'max-age=300', age: '500' }, 0],
  ['s-maxage is for shared caches', { cacheControl: 's-maxage=5, Max-Age=300' }, 300_000],
  ['Expires counts from Date', { date, expires: 'Thu, 26 Nov 2026 12:10:00 GMT' }, 600_000],
  ['max-age goes before Expires', { date, expires: 'Thu, 26 Nov 2026 12:10:00 GMT', cacheControl: 'max-age=1' }, 1000],
  ['Expires: 0 is stale', { date, expires: '0' }, 0],
  ['no-cache is asked for every time', { cacheControl: 'no-cache, max-age=300' }, 0],
  ['nonsense is stale', { cacheControl: 'max-age=-3' }, 0],
  ['a day is the most', { cacheControl: 'max-age=999999999' }, 86_400_000],
];
for (const [title, hints, freshMs] of rows) test(title, () => assert.equal(freshness(hints).freshMs, freshMs));

test('§5.2.2.5 no-store is not kept', () => assert.equal(freshness({ cacheControl: 'No-Store' }).kept, false));

test('a stale copy may stand in for an hour, but not against must-revalidate or no-cache', () => {
  assert.equal(freshness({ cacheControl: 'max-age=10' }).standbyMs, 3_610_000);
  assert.equal(freshness({ cacheControl: 'max-age=10, must-revalidate' }).standbyMs, 10_000);
  assert.equal(freshness({ cacheControl: 'no-cache' }).standbyMs, 0);
});
