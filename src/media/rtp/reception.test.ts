/* oxlint-disable max-params -- rows of numbers read best as rows */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeRtp } from './header.ts';
import type { Packet } from './packet.ts';
import { Reception } from './reception.ts';

const bytes = new Uint8Array(172);
const packet: Packet = { bytes, at: 0, length: 172, host: '', port: 0 };

function feed(reception: Reception, sequence: number, now = 0, timestamp = 0, ssrc = 1): void {
  writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: timestamp >>> 0, ssrc });
  reception.add(packet, now, 8000);
}

test('without packets there is no loss, no jitter: undefined, not zero', () => {
  const reception = new Reception();
  assert.equal(reception.lostPercent, undefined);
  assert.equal(reception.jitterMs, undefined);
});

test('RFC 3550 A.3: of 100 packets with every tenth missing, 10 are lost', () => {
  const reception = new Reception();
  for (let i = 0; i < 101; i++) if (i % 10 !== 5) feed(reception, 65_500 + i);
  assert.equal(reception.lost, 10);
  assert.equal(Math.round(reception.lostPercent! * 100) / 100, 9.9);
  assert.equal(reception.extendedHighest, 65_600);
});

test('packets out of order are not lost; duplicates do not make loss negative', () => {
  const reception = new Reception();
  for (const n of [1, 3, 2, 4, 4, 4]) feed(reception, n);
  assert.equal(reception.lost, 0);
});

test('RFC 3550 A.1: a far end that restarts its numbering is followed after two packets, not counted as thousands lost', () => {
  const reception = new Reception();
  for (let i = 0; i < 50; i++) feed(reception, i);
  for (let i = 0; i < 50; i++) feed(reception, 30_000 + i);
  assert.ok(reception.lost <= 1, String(reception.lost));
});

test('loss of an earlier SSRC stays in the total', () => {
  const reception = new Reception();
  for (const n of [1, 2, 5]) feed(reception, n, 0, 0, 1);
  for (const n of [900, 902]) feed(reception, n, 0, 0, 2);
  assert.equal(reception.lost, 3);
  assert.equal(reception.packets, 5);
});

test('§6.4.1: evenly spaced packets have no jitter; packets late by turns of 8 ms approach 8 ms', () => {
  const even = new Reception();
  const uneven = new Reception();
  for (let i = 0; i < 500; i++) {
    feed(even, i, i * 20, i * 160);
    feed(uneven, i, i * 20 + (i % 2) * 8, i * 160);
  }
  assert.equal(even.jitterMs, 0);
  assert.ok(Math.abs(uneven.jitterMs! - 8) < 0.1, String(uneven.jitterMs));
});

test('the timestamp wrapping at 2^32 is no jitter', () => {
  const reception = new Reception();
  for (let i = 0; i < 100; i++) feed(reception, i, i * 20, 0xffffffff - 5000 + i * 160);
  assert.ok(reception.jitterMs! < 0.01);
});

test('A.3: the interval fraction is of what was due since the last report', () => {
  const reception = new Reception();
  for (let i = 0; i < 10; i++) feed(reception, i);
  assert.deepEqual(reception.interval(), { fraction: 0, lost: 0 });
  for (const n of [10, 12, 14, 16]) feed(reception, n);
  assert.deepEqual(reception.interval(), { fraction: Math.floor((3 * 256) / 7), lost: 3 });
});
