import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createRequest, createResponse, serialize } from './build.ts';
import { parseChallenge, parseCredentials } from './digest.ts';
import { maskSecrets } from './mask.ts';
import { parseCSeq } from './message.ts';
import { formatNameAddr, parseNameAddr } from './name-addr.ts';
import { parseMessage } from './parse.ts';
import type { SipMessage } from './types.ts';
import { formatUri, parseUri } from './uri.ts';
import { formatVia, parseVia } from './via.ts';

const folder = new URL('./testdata/torture/', import.meta.url);
const corpus = ['valid/', 'invalid/'].flatMap((kind) =>
  readdirSync(new URL(kind, folder)).map((file) => readFileSync(new URL(kind + file, folder))),
);

/** Everything a peer's message may be asked for. */
function touch(message: SipMessage): void {
  assert.ok(message.via.host !== '' && message.callId !== '' && message.cseq.number >= 0);
  assert.ok(formatNameAddr(message.from) !== '' && formatNameAddr(message.to) !== '');
  for (const [name, value] of message.headers.entries()) assert.ok(!/[\r\n\0]/.test(name + value));
}

const breaking = [...'\r\n\0"<>,;:@%\\ \t='.split(''), '\r\n', '\r\n ', '\r\nVia: ', '%41', ';tag=', 'Z\u00eb'];

const mutation = fc.record({
  seed: fc.noBias(fc.nat(corpus.length - 1)),
  cuts: fc.array(
    fc.record({
      // Thousandths of the message. Without bias: fast-check loves the smallest numbers, so the start line.
      at: fc.noBias(fc.integer({ min: 0, max: 999 })),
      drop: fc.integer({ min: 0, max: 3 }),
      put: fc.oneof(
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
        { weight: 8, arbitrary: fc.string({ maxLength: 3 }).map((text) => Buffer.from(text)) },
        { weight: 4, arbitrary: fc.constantFrom(...breaking).map((text) => Buffer.from(text)) },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

test('A2 mutated messages never throw; what is accepted has every field and prints to the same message', () => {
  let accepted = 0;
  let answered = 0;
  fc.assert(
    fc.property(mutation, ({ seed, cuts }) => {
      let bytes = corpus[seed]!;
      for (const { at, drop, put } of cuts) {
        const from = Math.floor((at * bytes.length) / 1000);
        bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + drop)]);
      }
      maskSecrets(bytes);
      const result = parseMessage(bytes);
      if (!result.ok) {
        if (result.request !== undefined) {
          answered++;
          touch(result.request);
          serialize(createResponse(result.request, result.status ?? 400, 'Bad', { toTag: 't' }));
        }
        return;
      }
      accepted++;
      touch(result.message);
      const again = parseMessage(serialize(result.message));
      assert.ok(again.ok, again.ok ? '' : again.fault);
      touch(again.message);
      assert.deepEqual(again.message.from, result.message.from);
      assert.deepEqual(again.message.via, result.message.via);
      assert.ok(again.message.body.equals(result.message.body));
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 200 && answered > 500, `too few got far: ${accepted} accepted, ${answered} to be answered`);
});

test('A2 random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseMessage(Buffer.from(bytes))),
    { numRuns: 2000 },
  );
});

test('a request built of any display name, user and parameters reads back as it was', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((each) => !/[\p{Cc}\p{Surrogate}]/u.test(each));
  const shown = text.filter((each) => each.trim() === each);
  fc.assert(
    fc.property(
      shown,
      text.filter((each) => each !== ''),
      text,
      (displayName, user, value) => {
        const uri = { scheme: 'sip' as const, user, host: 'example.com', params: new Map() };
        const from = {
          ...(displayName === '' ? {} : { displayName }),
          uri,
          params: new Map([
            ['tag', 'a'],
            ['note', value],
          ]),
        };
        const to = { uri, params: new Map() };
        const request = createRequest({ method: 'INVITE', uri: formatUri(uri), from, to, callId: 'c', cseq: 1 });
        request.headers.prepend('Via', 'SIP/2.0/UDP h.example;branch=z9hG4bK1');
        const result = parseMessage(serialize(request));
        assert.ok(result.ok, result.ok ? '' : result.fault);
        const read = result.message.from;
        assert.deepEqual({ ...read, params: new Map(read.params) }, from);
        assert.deepEqual(result.message.to.uri, uri);
      },
    ),
    { numRuns: 500 },
  );
});

test('any text that is read as a URI or address prints to what is read the same', () => {
  const pieces = fc.constantFrom(
    'sip:',
    'sips:',
    'tel:',
    '+1',
    'bob',
    '@',
    ':',
    '5060',
    'h.example',
    '[::1]',
    ';',
    '=',
    'lr',
    '?',
    '%41',
    '%',
    '"',
    '<',
    '>',
    ' ',
    '#',
    '&',
    ',',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const uri = parseUri(text);
      if (uri !== undefined) assert.deepEqual(parseUri(formatUri(uri)), uri);
      const address = parseNameAddr(text);
      if (address !== undefined) assert.deepEqual(parseNameAddr(formatNameAddr(address)), address);
    }),
    { numRuns: 5000 },
  );
});

test('any text is read as a challenge, credentials, Via or CSeq, or is not; nothing throws', () => {
  const pieces = fc.constantFrom('Digest ', 'realm=', 'nonce=', 'nc=', 'qop=auth', '"', 'a', ',', ' ', '=', '\\', 'SIP/2.0/', 'SIP / 2.0 / UDP ', 'h', ':', '5', ';', '[::1]'); // prettier-ignore
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
      const text = parts.join('');
      for (const read of [parseChallenge, parseCredentials, parseCSeq]) read(text);
      const via = parseVia(text);
      if (via !== undefined) assert.deepEqual(parseVia(formatVia(via)), via);
    }),
    { numRuns: 5000 },
  );
});

test('A2 hostile repetition, 60 kB of it, is read to its end: a step that grows faster than its input never would be', () => {
  const head =
    'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n';
  const repeats = ['"\\', '<', ';a', '\r\n ', ' ', '%41', '(', ',', ':', '[', '@', '"', '=', 'a:b\r\n'];
  for (const each of repeats) {
    const value = each.repeat(Math.floor(60_000 / each.length));
    for (const name of ['From', 'Contact', 'X']) parseMessage(Buffer.from(`${head}${name}: ${value}\r\n\r\n`));
  }
});
