import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeAlaw,
  decodeUlaw,
  encodeAlaw,
  encodeUlaw,
  levelOf,
  loudness,
  readWav,
  toneVoice,
  writeWav,
} from './audio.ts';

for (const [law, encode, decode] of [
  ['µ-law', encodeUlaw, decodeUlaw],
  ['A-law', encodeAlaw, decodeAlaw],
] as const) {
  test(`every ${law} code survives decoding and encoding`, () => {
    for (let code = 0; code < 256; code++) {
      const again = encode(decode(code));
      assert.ok(again === code || decode(again) === decode(code), `${code} became ${again}`);
    }
  });

  test(`${law} keeps a sample within its step`, () => {
    for (let sample = -32000; sample <= 32000; sample += 37) {
      assert.ok(Math.abs(decode(encode(sample)) - sample) <= Math.max(16, Math.abs(sample) / 16), String(sample));
    }
  });
}

test('known code words: G.711 silence and its loudest', () => {
  assert.equal(encodeUlaw(0), 0xff);
  assert.equal(encodeAlaw(0), 0xd5);
  assert.equal(decodeUlaw(0x80), 32124);
  assert.equal(decodeAlaw(0xaa), 32256);
});

test('Goertzel finds the tone and its level, and not another', () => {
  const voice = toneVoice(440, -12);
  const samples = Int16Array.from({ length: 1600 }, (_, n) => voice(n));
  assert.ok(Math.abs(levelOf(samples, 440) + 12) < 0.2);
  assert.ok(levelOf(samples, 620) < -50);
  assert.ok(Math.abs(loudness(samples) + 12) < 0.2);
});

test('a stereo WAV is read back as written', () => {
  const left = Int16Array.from([1, -2, 3]);
  const right = Int16Array.from([9, 8]);
  const { rate, channels } = readWav(writeWav([left, right]));
  assert.equal(rate, 8000);
  assert.deepEqual(channels, [left, Int16Array.from([9, 8, 0])]);
});
