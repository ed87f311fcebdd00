import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineError, GraineError } from './errors.ts';

const slow = defineError('test-slow', { message: '{what} is slow', fix: 'Wait {seconds} seconds', http: 429 });
const plain = defineError('test-plain', { message: '{what} is plain, {unknown} stays', fix: '', http: 400 });

test('a fault says what is wrong and what to do, both filled from its details', () => {
  assert.equal(new GraineError(slow, { what: 'it', seconds: 3 }).message, 'it is slow. Wait 3 seconds');
  assert.equal(new GraineError(plain, { what: 'it' }).message, 'it is plain, {unknown} stays');
});

test('a detail that looks like a placeholder is not filled again', () => {
  assert.equal(new GraineError(slow, { what: '{seconds}', seconds: 3 }).message, '{seconds} is slow. Wait 3 seconds');
});
