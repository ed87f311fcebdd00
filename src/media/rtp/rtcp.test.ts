import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { ntpMiddle, readReport, roundTrip, writeReport } from './rtcp.ts';

const bytes = new Uint8Array(512);
const wall = 1_800_000_000_250;
const about = { ssrc: 5, fraction: 64, lost: 3, highest: 70_000, jitter: 12, lastReport: 9, delay: 4 };
const base = {
  ssrc: 7,
  cname: Buffer.from('abcdef'),
  wall,
  sent: { timestamp: 1, packets: 2, bytes: 3 },
  about,
  goodbye: false,
};

test('§6.4.1 a sender report is read back: who, when, and the block about the SSRC asked for', () => {
  const length = writeReport(bytes, base);
  assert.equal(length % 4, 0);
  const report = readReport(bytes, 0, length, 5)!;
  assert.deepEqual([report.ssrc, report.reportTime, report.goodbye], [7, ntpMiddle(wall), false]);
  assert.deepEqual(report.heard, { fractionLost: 64, lost: 3, jitter: 12, lastReport: 9, delay: 4 });
  assert.equal(readReport(bytes, 0, length, 6)?.heard, undefined);
});

test('§6.4.2 who has not sent sends a receiver report, who leaves adds a goodbye', () => {
  const length = writeReport(bytes, { ...base, sent: undefined, goodbye: true });
  assert.equal(bytes[1], 201);
  const report = readReport(bytes, 0, length, 5)!;
  assert.equal(report.goodbye, true);
  assert.equal(report.reportTime, 0);
  assert.equal(report.heard?.fractionLost, 64);
});

test('§6.4.1 round trip is arrival minus LSR minus DLSR', () => {
  const heard = { fractionLost: 0, lost: 0, jitter: 0, lastReport: ntpMiddle(wall), delay: 65_536 };
  assert.ok(Math.abs(roundTrip(heard, wall + 1050)! - 50) < 0.1);
  assert.equal(roundTrip({ ...heard, lastReport: 0 }, wall), undefined);
  assert.equal(roundTrip({ ...heard, lastReport: 12_345 }, wall), undefined);
});

test('A.2 short, odd, wrongly versioned and overlong packets are refused; noise never throws', () => {
  const length = writeReport(bytes, base);
  for (let cut = 0; cut < length; cut++) {
    if (cut === 52) continue;
    assert.equal(readReport(bytes, 0, cut, 5), undefined, String(cut));
  }
  const random = new SeededRandom(1);
  for (let i = 0; i < 2000; i++) {
    const noise = random.bytes(random.integer(120));
    if (noise.length > 1) noise[1] = 200 + (i % 4);
    if (noise.length > 0) noise[0] = 0x80 | (noise[0]! & 0x1f);
    readReport(noise, 0, noise.length, 5);
  }
});
