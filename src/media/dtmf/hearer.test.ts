/** ITU-T Q.24, table A-1: what must be taken as a key and what must not. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import { readWav } from '../files/wav.ts';
import { toMono } from '../files/resample.ts';
import { digitFrequencies, DIGITS } from './digits.ts';
import { KeyHearer } from './hearer.ts';

type Key = {
  digit: string;
  ms: number;
  gapMs: number;
  lowDb: number;
  highDb: number;
  /** Factors on the frequencies. */
  low: number;
  high: number;
  /** Where in a block it begins. */
  phase: number;
};
const plain: Key = { digit: '5', ms: 80, gapMs: 80, lowDb: -10, highDb: -10, low: 1, high: 1, phase: 0 };

function sound(keys: readonly Partial<Key>[], noiseDb = -90): Int16Array {
  const random = new SeededRandom(7);
  const noise = 32768 * 10 ** ((noiseDb - 3.14) / 20) * Math.sqrt(6);
  const out: number[] = Array.from({ length: 400 }, () => 0);
  for (const partial of keys) {
    const key = { ...plain, ...partial };
    const [low, high] = digitFrequencies(key.digit)!;
    const [a, b] = [key.lowDb, key.highDb].map((db) => 32768 * 10 ** ((db - 3.14) / 20));
    for (let i = 0; i < key.phase; i++) out.push(0);
    for (let i = 0; i < key.ms * 8; i++) {
      const [x, y] = [low * key.low, high * key.high].map((f) => Math.sin((2 * Math.PI * f * i) / 8000));
      out.push(a! * x! + b! * y!);
    }
    for (let i = 0; i < key.gapMs * 8; i++) out.push(0);
  }
  for (let i = 0; i < 800; i++) out.push(0);
  return Int16Array.from(out, (sample) => {
    const mixed = sample + (random.integer(65_536) / 65_536 - 0.5) * noise;
    return Math.max(-32768, Math.min(32767, Math.round(mixed)));
  });
}

function heard(samples: Int16Array): [string, number][] {
  const told: [string, number][] = [];
  const ear = new KeyHearer((digit, ms) => told.push([digit, ms]));
  for (let at = 0; at + 160 <= samples.length; at += 160) ear.hear(samples.subarray(at, at + 160));
  return told;
}
const digits = (samples: Int16Array): string =>
  heard(samples)
    .map(([digit]) => digit)
    .join('');
/** All keys, beginning anywhere in a block. */
const each = (key: Partial<Key>): Partial<Key>[] =>
  DIGITS.split('').map((digit, i) => ({ ...key, digit, phase: i * 13 }));

test('all sixteen keys are heard, once each, about as long as they were', () => {
  const told = heard(sound(each({ ms: 100 })));
  assert.equal(told.map(([digit]) => digit).join(''), DIGITS);
  for (const [digit, ms] of told) assert.ok(Math.abs(ms - 100) <= 10, `${digit} for ${ms} ms`);
});

test('40 ms with pauses of 40 ms are keys; 23 ms are none', () => {
  assert.equal(digits(sound(each({ ms: 40, gapMs: 40 }))), DIGITS);
  assert.equal(digits(sound(each({ ms: 23 }))), '');
});

test('an interruption of 10 ms does not make two keys of one', () => {
  assert.equal(digits(sound([{ ms: 60, gapMs: 10 }, { ms: 60 }])), '5');
});

test('the same key twice is two keys', () => {
  assert.equal(digits(sound([{ gapMs: 40 }, { gapMs: 40 }])), '55');
});

test('1.5 % off in frequency is taken, 3.5 % is not', () => {
  for (const [low, high] of [
    [1.015, 1.015],
    [0.985, 1.015],
    [1.015, 0.985],
    [0.985, 0.985],
  ])
    assert.equal(digits(sound(each({ low: low!, high: high!, ms: 60 }))), DIGITS, `${low} ${high}`);
  for (const off of [1.035, 0.965]) {
    assert.equal(digits(sound(each({ low: off }))), '', `low ${off}`);
    assert.equal(digits(sound(each({ high: off }))), '', `high ${off}`);
  }
});

test('twist: the high group up to 4 dB stronger and 8 dB weaker is taken, 7 and 11 dB are not', () => {
  assert.equal(digits(sound(each({ lowDb: -14, highDb: -10 }))), DIGITS);
  assert.equal(digits(sound(each({ lowDb: -6, highDb: -14 }))), DIGITS);
  assert.equal(digits(sound(each({ lowDb: -17, highDb: -10 }))), '');
  assert.equal(digits(sound(each({ lowDb: -6, highDb: -17 }))), '');
});

test('levels from 0 to -25 dBm0 a tone are taken, -45 is not', () => {
  assert.equal(digits(sound(each({ lowDb: -3, highDb: -3 }))), DIGITS);
  assert.equal(digits(sound(each({ lowDb: -25, highDb: -25 }))), DIGITS);
  assert.equal(digits(sound(each({ lowDb: -45, highDb: -45 }))), '');
});

test('noise 15 dB below the keys does not hide them; noise alone is no key', () => {
  assert.equal(digits(sound(each({ ms: 50, gapMs: 60 }), -22)), DIGITS);
  assert.equal(digits(sound([{ ms: 20_000, lowDb: -99, highDb: -99 }], -15)), '');
});

test('dial tone, ringback and busy tone are no keys', () => {
  for (const [low, high] of [
    [350, 440],
    [440, 480],
    [480, 620],
    [425, 425],
    [1400, 1400],
    [2100, 2100],
  ]) {
    const samples = Int16Array.from({ length: 16_000 }, (_, i) =>
      Math.round(4000 * (Math.sin((2 * Math.PI * low! * i) / 8000) + Math.sin((2 * Math.PI * high! * i) / 8000))),
    );
    assert.equal(digits(samples), '', `${low} + ${high}`);
  }
});

const speech = new URL('../../../../shared/audio/speech/', import.meta.url);
function wavs(folder: URL): string[] {
  try {
    return readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.wav'));
  } catch {
    return [];
  }
}
const voices = wavs(speech);

test('talk-off: voices press no keys', { skip: voices.length === 0 && 'no recordings beside this repository' }, () => {
  let seconds = 0;
  const false_: string[] = [];
  for (const name of voices) {
    const wav = readWav(readFileSync(new URL(name, speech)));
    const samples = toMono(wav.channels, wav.rate);
    seconds += samples.length / 8000;
    const told = digits(samples);
    if (told !== '') false_.push(`${name}: ${told}`);
  }
  assert.deepEqual(false_, [], `in ${Math.round(seconds)} s of speech`);
});
