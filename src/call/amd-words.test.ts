import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transcript } from '../ports/index.ts';
import { AmdWords } from './amd-words.ts';

const heard = (transcript: string, final = true): Transcript => ({
  final,
  alternatives: [{ transcript, confidence: 0.9 }],
  language: 'en-US',
  vendor: 'kit',
});
const judge = (texts: readonly string[], rules = { thresholdWordCount: 9, digitCount: 0 }) => {
  const words = new AmdWords(rules);
  return texts.map((text) => words.push(heard(text))).findLast((found) => found !== undefined);
};

// prettier-ignore
const rows: [text: string, reason: string | undefined][] = [
  ['Hi. Leave a message.', 'hint'],
  ['Please speak after the TONE.', 'hint'],
  ['You’ve reached Dave Miller.', 'hint'],
  ['Bitte sprechen Sie nach dem Signalton.', 'hint'],
  ['Hello, who is this?', undefined],
  ['Good morning, Acme Plumbing, this is Susan, how can I help you?', undefined],
  ['The office is closed today and we open again on Monday morning', 'long greeting'],
  ['', undefined],
  ['I fixed the mailboxes', undefined],
];
for (const [text, reason] of rows)
  test(`"${text}" is ${reason ?? 'nothing'}`, () => assert.equal(judge([text])?.reason, reason));

test('digits in a row count however they are written, and not across other words', () => {
  const rules = { thresholdWordCount: 0, digitCount: 4 };
  for (const text of ['five five five oh', '5 5 51', '555-1234'])
    assert.equal(judge([text], rules)?.reason, 'digit count');
  assert.equal(judge(['five five and five oh'], rules), undefined);
});

test('a phrase may come in two results; an unfinished result is replaced by what comes after it', () => {
  assert.equal(judge(['please leave', 'a message'])?.reason, 'hint');
  const words = new AmdWords({ thresholdWordCount: 4, digitCount: 0 });
  words.push(heard('one two three', false));
  assert.equal(words.push(heard('one two', false)), undefined);
  assert.equal(words.greeting, 'one two');
});

test('what is kept of a transcript has an end', () => {
  const words = new AmdWords({ thresholdWordCount: 0, digitCount: 0 });
  for (let i = 0; i < 50; i++) words.push(heard('x'.repeat(500)));
  assert.ok(words.greeting.length <= 2000);
});
