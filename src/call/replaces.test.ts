// Replaces, as it is read and as the dialog it names is found. RFC 3891 §3, §6.1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/index.ts';
import { DialogBook } from './dialog-book.ts';
import type { Leg } from './leg.ts';
import { readReplaces, replacesValue } from './replaces.ts';

const leg = (accountSid: string, dialog?: object): Leg => ({ identity: { accountSid }, dialog }) as unknown as Leg;
const id = { callId: 'c@h', localTag: 'l', remoteTag: 'r' };
const named = { callId: 'c@h', toTag: 'l', fromTag: 'r', earlyOnly: false };

test('what is read prints as it was; spaces and unknown parameters do not matter', () => {
  for (const text of ['c@h;to-tag=l;from-tag=r', 'c@h;to-tag=l;from-tag=r;early-only']) {
    const read = readReplaces(text);
    assert.ok(read !== undefined);
    assert.equal(replacesValue(read), text);
  }
  assert.deepEqual(readReplaces(' c@h ; from-tag=r;x=y ; To-Tag=l '), named);
});

test('a tag that is missing, there twice, empty or no token, and what is too long, is not read', () => {
  for (const bad of [
    '',
    'c@h',
    'c@h;to-tag=l',
    'c@h;to-tag=l;to-tag=l;from-tag=r',
    'c@h;to-tag=;from-tag=r',
    'c@h;to-tag="l";from-tag=r',
    'c h;to-tag=l;from-tag=r',
    `${'c'.repeat(2000)};to-tag=l;from-tag=r`,
    'c\r\nX: y;to-tag=l;from-tag=r',
  ])
    assert.equal(readReplaces(bad), undefined, bad);
});

test('random text never throws, and what is read of it prints without a line break', () => {
  const random = new SeededRandom(7);
  const parts = ['c@h', ';', 'to-tag=', 'from-tag=', 'l', '"', '\r\n', '%3B', ' ', 'early-only', '\u0000', '=', ';;'];
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: random.integer(12) }, () => parts[random.integer(parts.length)]).join('');
    const read = readReplaces(text);
    if (read !== undefined) assert.doesNotMatch(replacesValue(read), /[\r\n\0"]/);
  }
});

test('an early dialog is found until its leg is answered by another fork; then only the one it has', () => {
  const book = new DialogBook();
  const rings = leg('a') as { dialog: unknown } & Leg;
  book.enter(rings, id);
  assert.deepEqual(book.find(named, 'a'), { leg: rings, state: 'early' });
  const fork = { ...id, remoteTag: 'other' };
  for (let n = 0; n < 50; n++) book.enter(rings, { ...id, remoteTag: String(n) });
  (rings as { dialog: unknown }).dialog = fork;
  book.confirm(rings, fork);
  assert.equal(book.size, 1);
  assert.equal(book.find(named, 'a'), undefined);
  assert.deepEqual(book.find({ ...named, fromTag: 'other' }, 'a'), { leg: rings, state: 'confirmed' });
});

test('a dialog that is over is known for a while, and to its own account only', () => {
  const book = new DialogBook();
  const talks = leg('a', id);
  book.confirm(talks, id);
  assert.equal(book.find(named, 'b'), undefined, 'of another account, while it runs');
  assert.equal(book.find({ ...named, toTag: 'r', fromTag: 'l' }, 'a'), undefined, 'tags the wrong way round');
  book.leave(talks);
  assert.equal(book.find(named, 'a'), 'over');
  assert.equal(book.find(named, 'b'), undefined);
  for (let n = 0; n < 2500; n++) {
    const each = leg('a', id);
    book.enter(each, { ...id, callId: `${n}` });
    book.leave(each);
  }
  assert.equal(book.find(named, 'a'), undefined, 'the oldest are forgotten');
  assert.equal(book.size, 0);
});

test('a far end cannot fill the book with forks of one INVITE', () => {
  const book = new DialogBook();
  const rings = leg('a');
  for (let n = 0; n < 500; n++) book.enter(rings, { ...id, remoteTag: String(n) });
  assert.ok(book.size <= 32);
});
