import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('text that could forge a line, move a cursor or turn the reading direction is shown as codes', () => {
  assert.equal(
    printable('a\r\nb\0\u001b[31m\u009b2J\u2028\u202e\u200b\ufeff'),
    'a\\u000d\\u000ab\\u0000\\u001b[31m\\u009b2J\\u2028\\u202e\\u200b\\ufeff',
  );
});

test('ordinary text of any script stays as it is', () => {
  for (const text of ['', '[0].dial.target', 'Zoë ✓ 日本語 العربية 😀', '“quotes” – dashes…'])
    assert.equal(printable(text), text);
});

test('long text is cut and says so', () => {
  assert.equal(printable('abcdef', 3), 'abc…');
  assert.equal(printable('abc', 3), 'abc');
});
