import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sound } from './sound.ts';
import { noise, sequence, silence, speech, tone } from './speechlike.ts';
import { ToneDetector, type ToneFinding } from './tone-detector.ts';

type Told = ToneFinding & { readonly atMs: number };

function hear(
  parts: readonly Int16Array[],
  { noiseDb = -65, voice }: { noiseDb?: number; voice?: number } = {},
): Told[] {
  const sound = new Sound();
  const tones = new ToneDetector();
  const samples = sequence(parts, noiseDb);
  const told: Told[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    sound.push(samples.subarray(at, at + 160));
    const found = tones.push(sound, voice);
    if (found !== undefined) told.push({ ...found, atMs: at / 8 + 20 });
  }
  return told;
}

test('beeps of 160 ms to 1.5 s are told with frequency and length, within 300 ms of their end', () => {
  for (const [hz, ms] of [
    [1000, 160],
    [440, 400],
    [1400, 500],
    [2000, 1000],
    [850, 1500],
    [3000, 400],
  ] as const) {
    const told = hear([silence(500), tone([hz], ms), silence(800)]);
    assert.equal(told.length, 1, `${hz} Hz of ${ms} ms`);
    const { kind, frequencies, durationMs, atMs, variance } = told[0]!;
    assert.deepEqual([kind, variance], ['beep', 0]);
    assert.ok(Math.abs(frequencies[0]! - hz) <= 3, frequencies.join());
    assert.ok(Math.abs(durationMs - ms) <= 40, `${durationMs} of ${ms} ms`);
    assert.ok(atMs > 500 + ms && atMs <= 800 + ms, `${atMs}`);
  }
});

test('a beep is heard in noise, with packets lost in it, and as a glide', () => {
  assert.equal(hear([silence(500), tone([1000], 500, -20), silence(800)], { noiseDb: -38 })[0]?.kind, 'beep');
  const glide = new Int16Array(3200);
  for (let i = 0, phase = 0; i < glide.length; i++) {
    phase += (2 * Math.PI * (600 + (800 * i) / glide.length)) / 8000;
    glide[i] = 5000 * Math.sin(phase);
  }
  assert.equal(hear([silence(500), glide, silence(800)])[0]?.kind, 'beep');
  const lossy = tone([1000], 500);
  lossy.fill(0, 1600, 1920);
  const told = hear([silence(500), lossy, silence(800)]);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['beep'],
  );
});

test('what lasts too little or too long, keys, speech, noise and melodies are no beeps', () => {
  const melody = [523, 587, 659, 523, 587, 659, 784].map((hz) => tone([hz], 220));
  const cases: [string, Int16Array[]][] = [
    ['a click', [tone([1000], 60)]],
    ['three seconds', [tone([1000], 3000)]],
    ['a key', [tone([770, 1336], 200)]],
    ['speech', [speech(6000)]],
    ['high speech', [speech(6000, { pitch: 230 })]],
    ['noise', [noise(3000, -25)]],
    ['a melody', melody],
    ['two bursts', [tone([1000], 300), silence(150), tone([1000], 300)]],
  ];
  for (const [name, parts] of cases)
    assert.deepEqual(hear([silence(500), ...parts, silence(1200)], { voice: -15 }), [], name);
});

test('a soft tone behind a loud voice is music', () => {
  const parts = [silence(300), tone([660], 400, -42), silence(800)];
  assert.deepEqual(hear(parts, { noiseDb: -62, voice: -18 }), []);
});

test('E.180 a triplet is told once, by its third tone; CED while it sounds, CNG by its length', () => {
  const triplet = [tone([914], 380), tone([1371], 276), tone([1777], 380)];
  assert.deepEqual(
    hear([silence(300), ...triplet, silence(1500)]).map(({ kind }) => kind),
    ['sit'],
  );
  const [ced] = hear([silence(300), tone([2100], 3300), silence(500)]);
  assert.equal(ced?.kind, 'fax');
  assert.ok(ced.atMs < 2200);
  assert.deepEqual(
    hear([silence(300), tone([1100], 500), silence(1500)]).map(({ kind }) => kind),
    ['fax'],
  );
});

test('a busy tone’s first burst is held while nobody spoke, and told at once after a greeting', () => {
  const parts = [silence(500), tone([480, 620], 500), silence(1500)];
  assert.ok(hear(parts)[0]!.atMs > 1500);
  assert.ok(hear(parts, { voice: -20 })[0]!.atMs <= 1300);
});

test('nobody spoke: busy and congestion tones of any cadence and call waiting are no beeps, a tone of 425 Hz that came once is', () => {
  const cadences: [number, number, number][] = [
    [425, 480, 480],
    [425, 375, 375],
    [425, 240, 240],
    [400, 750, 750],
    [400, 500, 500],
    [425, 300, 200],
    [400, 100, 2000],
    [440, 300, 4000],
  ];
  for (const [hz, on, off] of cadences) {
    const bursts = Array.from({ length: 4 }, () => [tone([hz], on), silence(off)]).flat();
    const beeps = hear([silence(500), ...bursts, silence(1500)]).filter(({ kind }) => kind === 'beep');
    assert.deepEqual(beeps, [], `${hz} Hz, ${on} ms on, ${off} ms off`);
  }
  assert.equal(hear([silence(500), tone([425], 500), silence(2000)])[0]?.kind, 'beep');
});
