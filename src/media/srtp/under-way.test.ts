// A stream under keys that another process received before: where its counter is, the packets themselves tell. RFC 3711 §3.3.1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { freshKey } from '../../sdp/index.ts';
import { writeRtp } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { FORGED, OPENED, type Verdict } from './receiver.ts';
import { Srtp } from './srtp.ts';

const random = new SeededRandom(5);
const HOUR_MS = 3_600_000;

/** The far end, long after its first packet. `send` gives its next packet, so many numbers further on. */
function farEnd(rolls: number) {
  const key = () => freshKey('AEAD_AES_128_GCM', (length) => random.bytes(length));
  const [send, receive] = [key(), key()];
  const srtp = new Srtp({ send, receive });
  let sequence = 1000;
  const next = (steps = 1): Packet => {
    sequence += steps;
    const bytes = Buffer.alloc(300);
    writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: 0, ssrc: 7 });
    const packet = { bytes, at: 0, length: 100, host: '', port: 0 };
    assert.ok(srtp.protect(packet));
    return packet;
  };
  const old = copy(next());
  for (let i = 0; i < rolls * 4; i++) next(16_384);
  return { next, old, keys: { send: receive, receive: send } };
}

const copy = (packet: Packet): Packet => ({ ...packet, bytes: Buffer.from(packet.bytes) });
const verdicts = (srtp: Srtp, packets: readonly Packet[]): Verdict[] =>
  packets.map((each) => srtp.open(copy(each), 12, 0));
const some = (next: () => Packet, count = 30): Packet[] => Array.from({ length: count }, () => copy(next()));

test('after an hour of usual audio it is found by the first packet, and nothing after it is missed', () => {
  const { next, keys } = farEnd(3);
  assert.deepEqual(
    verdicts(new Srtp(keys, HOUR_MS), some(next)),
    Array.from({ length: 30 }, () => OPENED),
  );
  assert.equal(verdicts(new Srtp(keys), some(next, 1))[0], FORGED, 'whoever does not look finds nothing');
});

test('after a day it is found within a second', () => {
  const { next, keys } = farEnd(40);
  const found = verdicts(new Srtp(keys, 24 * HOUR_MS), some(next, 200)).indexOf(OPENED);
  assert.ok(found >= 0 && found < 50, String(found));
});

test('an old packet that is sent again before the first new one does not make us deaf, and comes in no second time', () => {
  const { next, old, keys } = farEnd(3);
  const srtp = new Srtp(keys, HOUR_MS);
  assert.equal(verdicts(srtp, [old])[0], OPENED, 'nobody can tell it from a new one');
  const heard = verdicts(srtp, some(next));
  assert.ok(heard.indexOf(OPENED) < 5);
  assert.ok(heard.slice(5).every((each) => each === OPENED));
  assert.notEqual(verdicts(srtp, [old])[0], OPENED);
});

test('a stranger’s packets are opened by none of them', () => {
  const { keys } = farEnd(0);
  const { next } = farEnd(2);
  assert.ok(verdicts(new Srtp(keys, HOUR_MS), some(next)).every((each) => each === FORGED));
});
