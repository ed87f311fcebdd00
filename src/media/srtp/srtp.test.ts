// Streams under keys: rollover, replay, new keys, RTCP, and whatever else may come. RFC 3711 §3.3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SeededRandom } from '../../base/index.ts';
import { freshKey, type SrtpKey, type SrtpSuite, srtpSuites } from '../../sdp/index.ts';
import { writeRtp } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { FORGED, OPENED, REPLAYED } from './receiver.ts';
import { ReplayWindow } from './replay.ts';
import { KEY_OVERLAP_MS, Srtp } from './srtp.ts';

const random = new SeededRandom(3);
const suites = Object.keys(srtpSuites) as SrtpSuite[];
const fresh = (suite: SrtpSuite): SrtpKey => freshKey(suite, (length) => random.bytes(length));

/** Two ends that know each other's keys. */
function pair(suite: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80'): { a: Srtp; b: Srtp; keys: [SrtpKey, SrtpKey] } {
  const keys: [SrtpKey, SrtpKey] = [fresh(suite), fresh(suite)];
  const [send, receive] = keys;
  return { a: new Srtp({ send, receive }), b: new Srtp({ send: receive, receive: send }), keys };
}

function rtp(sequence: number, ssrc = 0x1234, text = `packet ${sequence}`): Packet & { bytes: Buffer } {
  const bytes = Buffer.alloc(300);
  writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: 160 * sequence, ssrc });
  const length = 12 + bytes.write(text, 12);
  return { bytes, at: 0, length, host: '', port: 0 };
}

function sealed(srtp: Srtp, sequence: number, ssrc?: number): Packet & { bytes: Buffer } {
  const packet = rtp(sequence, ssrc);
  assert.ok(srtp.protect(packet));
  return packet as Packet & { bytes: Buffer };
}

const copy = (packet: Packet): Packet => ({ ...packet, bytes: Buffer.from(packet.bytes) });
const textOf = ({ bytes, at, length }: Packet): string => Buffer.from(bytes).toString('latin1', at + 12, at + length);

for (const suite of suites) {
  test(`${suite}: what one end seals the other opens, and nobody else`, () => {
    const { a, b } = pair(suite);
    const stranger = pair(suite).b;
    for (let sequence = 1; sequence < 50; sequence++) {
      const packet = sealed(a, sequence);
      assert.ok(!textOf(packet).includes('packet'), 'it is encrypted');
      assert.equal(stranger.open(copy(packet), 12, 0), FORGED);
      assert.equal(b.open(packet, 12, 0), OPENED);
      assert.equal(textOf(packet), `packet ${sequence}`);
    }
  });

  test(`${suite}: one bit changed anywhere is a forgery, and leaves the packet as it came`, () => {
    const { a, b } = pair(suite);
    const packet = sealed(a, 1);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const other = copy(packet);
      other.bytes[bit >> 3] = other.bytes[bit >> 3]! ^ (1 << (bit & 7));
      const before = Buffer.from(other.bytes);
      assert.equal(b.open(other, 12, 0), FORGED, `bit ${bit}`);
      assert.deepEqual(Buffer.from(other.bytes), before);
    }
    assert.equal(b.open(packet, 12, 0), OPENED);
  });

  test(`${suite}: RTCP has an index of its own; again, changed or cut short it does not pass`, () => {
    const { a, b } = pair(suite);
    for (let n = 0; n < 5; n++) {
      const packet = rtp(n);
      packet.bytes[1] = 200;
      const plain = Buffer.from(packet.bytes.subarray(0, packet.length));
      assert.ok(a.protectRtcp(packet));
      const changed = copy(packet);
      changed.bytes[changed.length - 1] = changed.bytes[changed.length - 1]! ^ 1;
      assert.equal(b.openRtcp(changed, 0), FORGED);
      const again = copy(packet);
      assert.equal(b.openRtcp(packet, 0), OPENED);
      assert.deepEqual(Buffer.from(packet.bytes.subarray(0, packet.length)), plain);
      assert.equal(b.openRtcp(again, 0), REPLAYED);
    }
    for (let length = 0; length < 40; length++) {
      const short = { ...rtp(1), length };
      assert.equal(b.openRtcp(short, 0), FORGED);
    }
  });
}

test('a packet again is a replay, at once and when its time is over', () => {
  const { a, b } = pair();
  const packets = Array.from({ length: 600 }, (_, n) => sealed(a, n));
  for (const packet of packets) assert.equal(b.open(copy(packet), 12, 0), OPENED);
  for (const packet of packets) assert.equal(b.open(copy(packet), 12, 0), REPLAYED);
});

test('packets out of order pass once each, as long as the window knows them', () => {
  const { a, b } = pair();
  const packets = Array.from({ length: 300 }, (_, n) => sealed(a, n + 1));
  assert.equal(b.open(copy(packets[299]!), 12, 0), OPENED);
  assert.equal(b.open(copy(packets[100]!), 12, 0), OPENED);
  assert.equal(b.open(copy(packets[100]!), 12, 0), REPLAYED);
  assert.equal(b.open(copy(packets[10]!), 12, 0), REPLAYED, 'too old to know');
});

test('the sequence number goes round, again and again, with packets lost and late about it', () => {
  const { a, b } = pair();
  let late: Packet | undefined;
  for (let n = 65_000; n < 65_536 * 3 + 500; n++) {
    const packet = sealed(a, n);
    const near = n % 65_536 < 60 || n % 65_536 > 65_480;
    if (near && n % 3 === 0) continue;
    if (near && n % 7 === 0) late = copy(packet);
    else assert.equal(b.open(packet, 12, 0), OPENED, `packet ${n}`);
    if (late !== undefined && n % 7 === 4) {
      assert.equal(b.open(late, 12, 0), OPENED, `late before ${n}`);
      late = undefined;
    }
  }
});

test('a source whose first packets were lost about the end of the numbers is understood', () => {
  const { a, b } = pair();
  for (let n = 65_530; n < 65_540; n++) sealed(a, n);
  assert.equal(b.open(sealed(a, 65_540), 12, 0), OPENED);
  assert.equal(b.open(sealed(a, 65_541), 12, 0), OPENED);
});

test('a new source begins anew, and the one before is still known', () => {
  const { a, b, keys } = pair();
  const first = sealed(a, 5);
  assert.equal(b.open(copy(first), 12, 0), OPENED);
  const again = new Srtp({ send: keys[0], receive: keys[1] });
  assert.equal(b.open(sealed(again, 60_000, 0x99), 12, 0), OPENED);
  assert.equal(b.open(copy(first), 12, 0), REPLAYED);
});

test('RFC 3711 §9.1: an index is never used for two packets', () => {
  const { a } = pair();
  assert.ok(a.protect(rtp(7)));
  assert.ok(!a.protect(rtp(7, 0x1234, 'other words')));
  assert.ok(a.protect(rtp(9)));
  assert.ok(a.protect(rtp(8)));
  assert.ok(!a.protect(rtp(8)));
});

test('a new key is taken while packets under the old one are still under way, and not for ever', () => {
  const { a, b, keys } = pair();
  const old = Array.from({ length: 3 }, (_, n) => sealed(a, n));
  assert.equal(b.open(copy(old[0]!), 12, 0), OPENED);
  const next = fresh('AEAD_AES_128_GCM');
  b.rekey({ send: keys[1], receive: next }, 1000);
  a.rekey({ send: next, receive: keys[1] }, 1000);
  assert.equal(b.open(sealed(a, 4), 12, 1001), OPENED);
  assert.equal(b.open(copy(old[1]!), 12, 1002), OPENED);
  assert.equal(b.open(copy(old[1]!), 12, 1003), REPLAYED);
  assert.equal(b.open(copy(old[2]!), 12, 1000 + KEY_OVERLAP_MS), FORGED);
});

test('keys that stay keep their counters: a hold must not make them begin again', () => {
  const { a, b, keys } = pair();
  const [send, receive] = keys;
  assert.equal(b.open(sealed(a, 65_535), 12, 0), OPENED);
  assert.equal(b.open(sealed(a, 65_536), 12, 0), OPENED);
  a.rekey({ send, receive }, 5);
  b.rekey({ send: receive, receive: send }, 5);
  assert.equal(b.open(sealed(a, 65_537), 12, 10), OPENED);
  assert.ok(!a.protect(rtp(1)));
});

test('a packet without room behind it is protected elsewhere', () => {
  const { a, b } = pair('AEAD_AES_256_GCM');
  const packet = rtp(1);
  const tight = { ...packet, bytes: packet.bytes.subarray(0, packet.length) };
  assert.ok(a.protect(tight));
  assert.equal(b.open(tight, 12, 0), OPENED);
  assert.equal(textOf(tight), 'packet 1');
});

test('any bytes, of any length, are refused and nothing is thrown', () => {
  for (const suite of suites) {
    const { b } = pair(suite);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 12, max: 80 }), (noise, offset) => {
        const bytes = Buffer.from(noise);
        assert.notEqual(b.openRtcp({ bytes, at: 0, length: bytes.length, host: '', port: 0 }, 0), OPENED);
        if (bytes.length < offset) return;
        assert.notEqual(b.open({ bytes, at: 0, length: bytes.length, host: '', port: 0 }, offset, 0), OPENED);
      }),
      { numRuns: 300, seed: 5 },
    );
  }
});

test('the window agrees with a set that forgets nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 200 }), (steps) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (const index of steps) {
        const known = seen.has(index) || (highest >= 0 && highest - index >= 256);
        assert.equal(window.has(index), known);
        if (known) continue;
        window.add(index);
        seen.add(index);
        highest = Math.max(highest, index);
      }
    }),
    { numRuns: 500, seed: 9 },
  );
});
