/* oxlint-disable max-params -- rows of numbers read best as rows */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRtp, writeRtp } from './header.ts';
import { Outgoing } from './outgoing.ts';
import type { Packet } from './packet.ts';

const bytes = new Uint8Array(172);
const packet: Packet = { bytes, at: 0, length: 172, host: '', port: 0 };

function relay(out: Outgoing, sequence: number, timestamp: number, now: number, ssrc = 1) {
  writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: timestamp >>> 0, ssrc });
  if (!out.relay(packet, now, 8, 8000)) return undefined;
  const { payload: _, ...header } = readRtp(bytes)!;
  return header;
}

test('§5.1 a relayed stream has our SSRC, the mapped type, the marker at its beginning, and its own steps', () => {
  const out = new Outgoing(77, 500, 9000);
  assert.deepEqual(relay(out, 10, 1000, 0), { payloadType: 8, marker: true, sequence: 501, timestamp: 9000, ssrc: 77 });
  assert.deepEqual(relay(out, 11, 1160, 20), {
    payloadType: 8,
    marker: false,
    sequence: 502,
    timestamp: 9160,
    ssrc: 77,
  });
});

test('lost and reordered packets stay lost and reordered for the far end to see', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 0, 0);
  assert.equal(relay(out, 13, 480, 60)?.sequence, 4);
  assert.equal(relay(out, 12, 320, 61)?.sequence, 3);
  assert.equal(relay(out, 14, 640, 80)?.sequence, 5);
});

test('another source goes on where the one before ended: next number, time as it passed, marker', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 0, 0);
  relay(out, 11, 160, 20);
  assert.deepEqual(relay(out, 9000, 123_456, 120, 2), {
    payloadType: 8,
    marker: true,
    sequence: 3,
    timestamp: 960,
    ssrc: 77,
  });
});

test('a source that comes sooner than a frame still moves the timeline by a frame', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 0, 0);
  assert.equal(relay(out, 9000, 1, 1, 2)?.timestamp, 160);
});

test('packets from before the change of source are dropped', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 1600, 0);
  out.cut();
  relay(out, 20, 3200, 200);
  assert.equal(relay(out, 19, 3040, 201), undefined);
  assert.equal(relay(out, 21, 3360, 220)?.sequence, 3);
});

test('a source that leaps in number or time without a new SSRC is spliced in', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 0, 0);
  assert.deepEqual(relay(out, 40_000, 160, 20), {
    payloadType: 8,
    marker: true,
    sequence: 2,
    timestamp: 160,
    ssrc: 77,
  });
  assert.deepEqual(relay(out, 40_001, 900_000_000, 40), {
    payloadType: 8,
    marker: true,
    sequence: 3,
    timestamp: 320,
    ssrc: 77,
  });
});

test('numbers and times wrap without a break', () => {
  const out = new Outgoing(77, 65_533, 0xffffff00);
  const heads = [];
  for (let i = 0; i < 6; i++) heads.push(relay(out, 65_534 + i, 0xfffffff0 + i * 160, i * 20)!);
  assert.deepEqual(
    heads.map((h) => h.sequence),
    [65_534, 65_535, 0, 1, 2, 3],
  );
  assert.deepEqual(
    heads.map((h) => h.marker),
    [true, false, false, false, false, false],
  );
  for (let i = 1; i < 6; i++) assert.equal((heads[i]!.timestamp - heads[i - 1]!.timestamp) >>> 0, 160);
});

test('what we make and what we relay share one timeline', () => {
  const out = new Outgoing(77, 0, 0);
  relay(out, 10, 0, 0);
  const begin = out.begin(40, 8000);
  assert.equal(begin, 320);
  out.make(packet, 8, begin, 40);
  out.make(packet, 8, begin + 160, 60);
  assert.equal(readRtp(bytes)?.sequence, 3);
  assert.deepEqual(relay(out, 14, 640, 80), { payloadType: 8, marker: true, sequence: 4, timestamp: 640, ssrc: 77 });
});
