import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serialize } from './build.ts';
import { parseMessage } from './parse.ts';

// The messages of RFC 4475 and RFC 5118. The invalid ones say in their name what they deserve: a status, or `drop`.
// DEVIATES: intmeth has quoted NUL, BEL and DEL in a display name; peers disagree about those, so we refuse them.
const folder = new URL('./testdata/torture/', import.meta.url);

for (const file of readdirSync(new URL('valid/', folder))) {
  test(`RFC 4475 and 5118: ${file} is read, printed, and read the same again`, () => {
    const bytes = readFileSync(new URL(`valid/${file}`, folder));
    const first = parseMessage(bytes);
    assert.ok(first.ok, first.ok ? '' : first.fault);
    const again = parseMessage(serialize(first.message));
    assert.ok(again.ok, again.ok ? '' : again.fault);
    const plain = (message: typeof first.message): unknown => [
      [...message.headers.entries()].filter(([name]) => name !== 'Content-Length'),
      [message.via, message.from, message.to, message.cseq, message.callId, message.body.toString('latin1')],
    ];
    assert.deepEqual(plain(again.message), plain(first.message));
  });
}

for (const file of readdirSync(new URL('invalid/', folder))) {
  test(`RFC 4475 and 5118: ${file} is refused`, () => {
    const result = parseMessage(readFileSync(new URL(`invalid/${file}`, folder)));
    assert.equal(result.ok, false);
    const deserved = file.split('.').at(-2);
    if (result.ok) return;
    assert.equal(result.request === undefined ? 'drop' : String(result.status), deserved, result.fault);
  });
}
