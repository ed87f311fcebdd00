import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { StreamFramer } from './framer.ts';
import { options } from './harness.test.ts';

const limits = { head: 1000, body: 100 };

/** Pushes chunks and collects what comes out. */
function run(chunks: readonly (string | Uint8Array)[]): {
  frames: string[];
  pings: number;
  fault: string | undefined;
  pending: number;
} {
  const framer = new StreamFramer(limits);
  const frames: string[] = [];
  let pings = 0;
  const sink = { frame: (bytes: Buffer) => void frames.push(bytes.toString('latin1')), ping: () => void pings++ };
  let fault: string | undefined;
  for (const chunk of chunks) fault ??= framer.push(Buffer.from(chunk as string), sink);
  return { frames, pings, fault, pending: framer.pending };
}

const first = options({ body: 'one\r\n\r\ntwo' });
const second = options({ callId: 'c2' });

test('§18.3 messages are cut by Content-Length, however the stream is chunked', () => {
  const all = Buffer.from(`${first}\r\n\r\n${second}\r\n${first}`);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), all.length];
      const { frames, fault, pending } = run(at.slice(1).map((end, i) => all.subarray(at[i], end)));
      assert.equal(fault, undefined);
      assert.deepEqual(frames, [first, second, first]);
      assert.equal(pending, 0);
    }),
  );
  assert.equal(run(Array.from(all, (byte) => Buffer.of(byte))).frames.length, 3);
});

test('A2 any bytes in any chunks never throw, and never keep more than the limits', () => {
  const pieces = fc.constantFrom(
    '\r\n',
    '\r',
    '\n',
    'l: 3',
    'l:',
    ' ',
    'Content-Length: 50',
    'a',
    '\0',
    'x'.repeat(300),
    first,
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const framer = new StreamFramer(limits);
      const sink = { frame: (bytes: Buffer) => assert.ok(bytes.length <= 1100), ping: () => {} };
      for (const part of parts) {
        if (framer.push(Buffer.from(part), sink) !== undefined) return;
        assert.ok(framer.pending <= limits.head + limits.body);
      }
    }),
    { numRuns: 3000 },
  );
});

test('frames stay as they were when more comes', () => {
  const framer = new StreamFramer(limits);
  const frames: Buffer[] = [];
  const sink = { frame: (bytes: Buffer) => void frames.push(bytes), ping: () => {} };
  const all = Buffer.from(first + second);
  framer.push(all.subarray(0, 50), sink);
  framer.push(all.subarray(50, first.length + 20), sink);
  framer.push(all.subarray(first.length + 20), sink);
  framer.push(Buffer.from(second), sink);
  assert.deepEqual(frames.map(String), [first, second, second]);
});

test('RFC 5626 §4.4.1 a double CRLF between messages is a ping, a single one is not', () => {
  assert.equal(run(['\r\n\r\n']).pings, 1);
  assert.equal(run(['\r\n']).pings, 0);
  assert.equal(run([`${first}\r\n\r\n${first}`]).pings, 1);
  assert.equal(run(['\r\n'.repeat(1000)]).pings, 1);
  const split = run(['\r', '\n', '\r', '\n', first]);
  assert.equal(split.fault, undefined);
  assert.deepEqual(split.frames, [first]);
});

test('Content-Length is found in every spelling a parser would find it', () => {
  for (const line of [
    'Content-Length: 3',
    'content-LENGTH  :3',
    'l:  3 ',
    'L\t: 3',
    'Content-Length: 3\r\nl: 3',
    'Call-ID: l: 9\r\nl: 3',
  ]) {
    assert.deepEqual(run([`X\r\n${line}\r\n\r\nabc`]).frames.length, 1, line);
  }
});

const bad: Array<[what: string, text: string, fault: RegExp]> = [
  ['no Content-Length', 'X y\r\nA: 1\r\n\r\n', /no Content-Length/],
  ['two that disagree', 'X\r\nl: 3\r\nContent-Length: 4\r\n\r\nabcd', /disagree/],
  ['a negative one', 'X\r\nl: -1\r\n\r\n', /malformed/],
  ['a hexadecimal one', 'X\r\nl: 0x3\r\n\r\n', /malformed/],
  ['a folded one', 'X\r\nl:\r\n 3\r\n\r\n', /malformed/],
  ['one hidden behind spaces', `X\r\nl:${' '.repeat(62)}12\r\n\r\n`, /malformed/],
  ['a huge one', 'X\r\nl: 101\r\n\r\n', /above 100/],
  ['one that wraps', 'X\r\nl: 4294967299\r\n\r\n', /malformed/],
  ['a bare LF', 'X\nl: 3\r\n\r\nabc', /bare LF/],
  ['an endless header', `X\r\nA: ${'a'.repeat(1000)}`, /longer than 1000/],
  ['endless headers', `X\r\n${'A: b\r\n'.repeat(200)}`, /longer than 1000/],
];
for (const [what, text, fault] of bad) {
  test(`B1 a stream with ${what} cannot go on`, () => {
    assert.match(run([text]).fault ?? '', fault);
    assert.match(run(Array.from(text)).fault ?? '', fault);
  });
}

test('a head and a body at their limits pass, one byte more does not', () => {
  const fill = limits.head - 'X\r\nl: 100\r\nA: \r\n\r\n'.length;
  const message = (more: number): string => `X\r\nl: 100\r\nA: ${'a'.repeat(fill + more)}\r\n\r\n${'b'.repeat(100)}`;
  assert.deepEqual(run([message(0)]).frames, [message(0)]);
  assert.match(run([message(1)]).fault ?? '', /longer/);
});

test('a message that comes in single bytes is kept whole, up to its last', () => {
  const framer = new StreamFramer({ head: 65_536, body: 65_536 });
  let frame: Buffer = Buffer.alloc(0);
  const sink = { frame: (bytes: Buffer) => void (frame = bytes), ping: () => {} };
  const message = Buffer.from(`X\r\nl: 60000\r\n\r\n${'0123456789'.repeat(6000)}`);
  for (const byte of message) {
    assert.equal(frame.length, 0);
    framer.push(Buffer.of(byte), sink);
  }
  assert.ok(frame.equals(message));
  assert.equal(framer.pending, 0);
});
