import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alawToLinear, alawToUlaw, linearToAlaw, linearToUlaw, ulawToAlaw, ulawToLinear } from './g711.ts';

test('G.711 table 2: the µ-law decision values decode to their published levels', () => {
  // Sign, segment and step of table 2a/2b, scaled from 14 to 16 bits.
  const known: [number, number][] = [
    [0xff, 0],
    [0xfe, 8],
    [0xef, 132],
    [0x80, 32_124],
    [0x00, -32_124],
    [0x7f, 0],
    [0xf0, 120],
    [0xdf, 396],
    [0x8f, 16_764],
  ];
  for (const [byte, sample] of known) assert.equal(ulawToLinear[byte], sample, byte.toString(16));
});

test('G.711 table 1: the A-law decision values decode to their published levels', () => {
  const known: [number, number][] = [
    [0xd5, 8],
    [0x55, -8],
    [0xd4, 24],
    [0xaa, 32_256],
    [0x2a, -32_256],
    [0xc5, 264],
    [0x80, 5504],
  ];
  for (const [byte, sample] of known) assert.equal(alawToLinear[byte], sample, byte.toString(16));
});

test('decode then encode is the identity for every byte, but for the two zeros of µ-law', () => {
  for (let byte = 0; byte < 256; byte++) {
    if (byte !== 0x7f) assert.equal(linearToUlaw[ulawToLinear[byte]! & 0xffff], byte);
    assert.equal(linearToAlaw[alawToLinear[byte]! & 0xffff], byte);
  }
});

test('every sample is encoded to the nearest level or its neighbour of the same segment', () => {
  for (let sample = -32_768; sample < 32_768; sample += 7) {
    const ulaw = ulawToLinear[linearToUlaw[sample & 0xffff]!]!;
    const alaw = alawToLinear[linearToAlaw[sample & 0xffff]!]!;
    const step = Math.max(16, Math.abs(sample) / 16);
    assert.ok(Math.abs(ulaw - sample) <= step + 644, `µ ${sample} ${ulaw}`);
    assert.ok(Math.abs(alaw - sample) <= step + 512, `A ${sample} ${alaw}`);
    if (Math.abs(sample) < 32_000)
      assert.ok(Math.abs(ulaw - sample) <= step && Math.abs(alaw - sample) <= step, String(sample));
  }
});

test('silence transcodes to silence both ways, and there and back changes little', () => {
  assert.equal(Math.abs(alawToLinear[ulawToAlaw[0xff]!]!), 8);
  assert.ok(Math.abs(ulawToLinear[alawToUlaw[0xd5]!]!) <= 8);
  for (let byte = 0; byte < 256; byte++) {
    const before = ulawToLinear[byte]!;
    const after = ulawToLinear[alawToUlaw[ulawToAlaw[byte]!]!]!;
    assert.ok(Math.abs(before - after) <= Math.max(16, Math.abs(before) / 15), String(byte));
  }
});
