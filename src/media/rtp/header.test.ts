import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { payloadLength, payloadOffset, readRtp, writeRtp } from './header.ts';

const header = { payloadType: 101, marker: true, sequence: 65_535, timestamp: 0xfffffffe, ssrc: 0x89abcdef };

test('§5.1 a header is read as it was written', () => {
  const bytes = Buffer.alloc(14);
  writeRtp(bytes, 0, header);
  const { payload, ...read } = readRtp(bytes)!;
  assert.deepEqual(read, header);
  assert.equal(payload.length, 2);
});

test('short packets and other versions are no RTP', () => {
  const bytes = Buffer.alloc(20);
  writeRtp(bytes, 0, header);
  for (let length = 0; length < 12; length++) assert.equal(readRtp(bytes.subarray(0, length)), undefined);
  for (const version of [0, 1, 3]) {
    bytes[0] = version << 6;
    assert.equal(readRtp(bytes), undefined);
  }
});

test('contributing sources, extension and padding are taken off, and must fit', () => {
  const bytes = Buffer.alloc(12 + 8 + 8 + 10);
  writeRtp(bytes, 0, header);
  bytes[0] = 0x80 | 0x20 | 0x10 | 2;
  bytes.writeUInt16BE(1, 12 + 8 + 2);
  bytes[bytes.length - 1] = 4;
  assert.equal(payloadOffset(bytes, 0, bytes.length), 28);
  assert.equal(payloadLength(bytes, 0, bytes.length), 6);
  bytes[bytes.length - 1] = 11;
  assert.equal(readRtp(bytes), undefined);
  bytes.writeUInt16BE(500, 12 + 8 + 2);
  assert.equal(payloadOffset(bytes, 0, bytes.length), -1);
});

test('noise never throws nor points outside', () => {
  const random = new SeededRandom(2);
  for (let i = 0; i < 5000; i++) {
    const noise = random.bytes(random.integer(64));
    const offset = payloadOffset(noise, 0, noise.length);
    assert.ok(offset <= noise.length);
    assert.ok(payloadLength(noise, 0, noise.length) <= noise.length);
  }
});
