import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyTone, ringbackTone, toneCountries } from './countries.ts';
import { toneCycle, toneFault, toneSamples } from './generate.ts';
import { goertzel, levelDb } from './goertzel.ts';

/** On and off times of a cycle, ms, by the power of 10 ms pieces. */
function times(samples: Int16Array): number[] {
  const runs: number[] = [];
  let was = false;
  for (let at = 0; at < samples.length; at += 80) {
    const is = levelDb(samples.subarray(at, at + 80)) > -40;
    if (is === was && runs.length > 0) runs[runs.length - 1]! += 10;
    else runs.push(10);
    was = is;
  }
  return runs;
}

test('Goertzel: a clean tone is nearly all of the power at its frequency and none of it elsewhere', () => {
  const samples = toneSamples([440], 500);
  assert.ok(goertzel(samples, 440) > 0.99);
  assert.ok(goertzel(samples, 1000) < 0.001);
  assert.equal(goertzel(new Int16Array(800), 440), 0);
});

test('a level is the level of the whole tone, in dBm0', () => {
  assert.ok(Math.abs(levelDb(toneSamples([1000], 500, -10)) + 10) < 0.05);
  assert.ok(Math.abs(levelDb(toneSamples([440, 480], 1000, -16)) + 16) < 0.1);
});

const known: [string, number[], number[], number[], number[]][] = [
  ['US', [440, 480], [2000, 4000], [480, 620], [500, 500]],
  ['GB', [400, 450], [400, 200, 400, 2000], [400], [380, 370]],
  ['DE', [425], [1000, 4000], [425], [480, 480]],
  ['FR', [440], [1500, 3500], [440], [500, 500]],
  ['JP', [384, 416], [1000, 2000], [400], [500, 500]],
];
for (const [country, ringing, rings, busy, beats] of known) {
  test(`E.180 ${country}: ringback and busy have their frequencies and cadence`, () => {
    const ringback = toneCycle(ringbackTone(country));
    assert.deepEqual(times(ringback), rings);
    const on = ringback.subarray(0, rings[0]! * 8);
    assert.ok(ringing.reduce((sum, f) => sum + goertzel(on, f), 0) > 0.95);
    const engaged = toneCycle(busyTone(country));
    assert.deepEqual(times(engaged), beats);
    assert.ok(
      busy.reduce((sum, f) => sum + goertzel(engaged.subarray(0, Math.floor(beats[0]! / 20) * 160), f), 0) > 0.9,
    );
  });
}

test('an unknown country sounds like the US, and no name reaches into the language', () => {
  assert.deepEqual(ringbackTone('xx'), ringbackTone('US'));
  assert.deepEqual(ringbackTone('constructor'), ringbackTone('us'));
});

test('every tone of the table can be played', () => {
  assert.ok(toneCountries.length >= 30);
  for (const country of toneCountries) {
    assert.equal(toneFault(ringbackTone(country)), undefined, country);
    assert.equal(toneFault(busyTone(country)), undefined, country);
  }
});

test('a tone without pauses repeats without a click', () => {
  const cycle = toneCycle({ frequencies: [425], levelDb: -10, cadence: [{ on: 130, off: 0 }] });
  const step = Math.abs(cycle[0]! - cycle[cycle.length - 1]!);
  assert.ok(step <= Math.abs(cycle[1]! - cycle[0]!) + 1);
});

test('impossible tones are refused with a reason', () => {
  const tone = { frequencies: [440], levelDb: -10, cadence: [{ on: 100, off: 100 }] };
  assert.equal(toneFault(tone), undefined);
  const bad = [
    { ...tone, frequencies: [] },
    { ...tone, frequencies: [4000] },
    { ...tone, frequencies: [Number.NaN] },
    { ...tone, frequencies: [1, 2, 3, 4, 5] },
    { ...tone, levelDb: 10 },
    { ...tone, levelDb: Number.NaN },
    { ...tone, cadence: [] },
    { ...tone, cadence: [{ on: -1, off: 10 }] },
    { ...tone, cadence: [{ on: 1e9, off: 10 }] },
    { ...tone, cadence: [{ on: Number.NaN, off: 10 }] },
  ];
  for (const each of bad) assert.equal(typeof toneFault(each), 'string', JSON.stringify(each));
});
