import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mosInputs, mosOf, mosOfRating } from './emodel.ts';
import { opusPacketMs } from './impairment.ts';

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

const clean = { codec: 'PCMU', stream: undefined, lossPercent: 0, jitterMs: 0, roundTripMs: 0, ptime: 20 };

test('a clean G.711 call is 4.4, with 2 % loss about 4.2 and less with more', () => {
  const mos = (lossPercent: number, roundTripMs = 0): number =>
    mosOf(mosInputs({ ...clean, lossPercent, roundTripMs })!);
  assert.ok(Math.abs(mos(0) - 4.4) < 0.01);
  assert.ok(mos(2) < 4.3 && mos(2) > 4.1, String(mos(2)));
  assert.ok(mos(10) < 3.5, String(mos(10)));
  assert.ok(mos(0, 600) < mos(0, 200) - 0.3);
});

test('a codec without published figures has no MOS, nor has Opus before its rate is known', () => {
  for (const codec of ['GSM', 'OPUS', '__proto__', 'constructor'])
    assert.equal(mosInputs({ ...clean, codec }), undefined, codec);
});

test('G.722 is rated on the wideband scale: 129 less its 13, and less the delay of a packet', () => {
  const inputs = mosInputs({ ...clean, codec: 'G722' })!;
  assert.deepEqual([inputs.scale, inputs.ie], ['wideband', 13]);
  assert.ok(Math.abs(mosOf(inputs) - mosOfRating((129 - 13 - 0.48) / 1.29)) < 1e-9);
});

test('Opus is rated by its band and its rate: more bits are better, loss is worse, and beyond the published rates nothing is promised', () => {
  // Configurations of RFC 6716 table 2: SILK narrowband 20 ms, SILK wideband 20 ms, CELT fullband 20 ms.
  const [narrow, wide, full] = [1 << 3, 9 << 3, 31 << 3];
  const opus = (head: number, kbits: number, lossPercent = 0) =>
    mosInputs({ ...clean, codec: 'OPUS', stream: { kbits, head }, lossPercent })!;
  assert.deepEqual(
    [narrow, wide, full].map((head) => opus(head, 12).scale),
    ['narrowband', 'wideband', 'fullband'],
  );
  const { ie, bpl, kbits } = opus(full, 25);
  assert.ok(Math.abs(ie - 19.35) < 0.01 && Math.abs(bpl - 10.55) < 0.01, `${ie} ${bpl}`);
  assert.equal(kbits, 25);
  for (const head of [narrow, wide, full]) {
    assert.ok(mosOf(opus(head, 40)) > mosOf(opus(head, 6)), String(head));
    assert.ok(mosOf(opus(head, 13, 5)) < mosOf(opus(head, 13)) - 0.3, String(head));
  }
  assert.equal(opus(full, 300).ie, opus(full, 40).ie);
});

test('an Opus packet tells how long it is', () => {
  // 20 ms of SILK; two of them; 60 ms; 2.5 ms of CELT; any number of frames.
  assert.deepEqual(
    [8, 9, 24, 16 << 3, 11].map((head) => opusPacketMs(head, 30)),
    [20, 40, 60, 2.5, 30],
  );
});

test('the inputs are stated: half the round trip, the packet, twice the jitter', () => {
  const inputs = mosInputs({ ...clean, jitterMs: 5, roundTripMs: 40 });
  assert.deepEqual(inputs, { codec: 'PCMU', lossPercent: 0, delayMs: 50, bpl: 25.1, ie: 0, scale: 'narrowband' });
});
