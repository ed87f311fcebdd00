import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mosInputs, mosOfRating, rating } from './emodel.ts';

test('G.107 annex B: the known pairs of R and MOS', () => {
  // Table B.1: user satisfaction limits.
  for (const [r, mos] of [
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
    [93.2, 4.41],
  ] as const) {
    assert.ok(Math.abs(mosOfRating(r) - mos) < 0.01, `${r} ${mosOfRating(r)}`);
  }
  assert.equal(mosOfRating(-5), 1);
  assert.equal(mosOfRating(120), 4.5);
});

const clean = { codec: 'PCMU', lossPercent: 0, jitterMs: 0, roundTripMs: 0, ptime: 20 };

test('a clean G.711 call is 4.4, with 2 % loss about 4.2 and less with more', () => {
  const mos = (lossPercent: number, roundTripMs = 0): number =>
    mosOfRating(rating(mosInputs({ ...clean, lossPercent, roundTripMs })!));
  assert.ok(Math.abs(mos(0) - 4.4) < 0.01);
  assert.ok(mos(2) < 4.3 && mos(2) > 4.1, String(mos(2)));
  assert.ok(mos(10) < 3.5, String(mos(10)));
  assert.ok(mos(0, 600) < mos(0, 200) - 0.3);
});

test('a codec without published figures has no MOS', () => {
  assert.equal(mosInputs({ ...clean, codec: 'OPUS' }), undefined);
});

test('the inputs are stated: half the round trip, the packet, twice the jitter', () => {
  const inputs = mosInputs({ ...clean, jitterMs: 5, roundTripMs: 40 });
  assert.deepEqual(inputs, { codec: 'PCMU', lossPercent: 0, delayMs: 50, bpl: 25.1, ie: 0 });
});
