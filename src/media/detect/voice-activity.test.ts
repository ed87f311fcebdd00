import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sound } from './sound.ts';
import { noise, sequence, silence, speech } from './speechlike.ts';
import { VoiceActivity } from './voice-activity.ts';

/** First and last active millisecond, and how many ms were active. */
function heard(samples: Int16Array): { from: number; to: number; ms: number; voice: VoiceActivity } {
  const sound = new Sound();
  const voice = new VoiceActivity();
  let from = -1;
  let to = -1;
  let ms = 0;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    sound.push(samples.subarray(at, at + 160));
    if (!voice.push(sound.level, sound.empty)) continue;
    if (from < 0) from = at / 8;
    to = at / 8 + 20;
    ms += 20;
  }
  return { from, to, ms, voice };
}

test('voice is found where it is, over backgrounds of any level', () => {
  for (const level of [-80, -65, -50, -40]) {
    const { from, to } = heard(sequence([silence(1000), speech(2000), silence(1000)], level));
    assert.ok(from >= 1000 && from <= 1150, `${level} dB: from ${from}`);
    assert.ok(to >= 2850 && to <= 3120, `${level} dB: to ${to}`);
  }
});

test('a background is no voice from its first frame on, however loud', () => {
  for (const level of [-90, -60, -30, -10]) assert.ok(heard(noise(4000, level)).ms <= 60, `${level} dB`);
});

test('a noise that begins and goes on becomes background, and voice over it is heard', () => {
  const samples = sequence([silence(1000), noise(9000, -40)]);
  const voice = speech(1000, { levelDb: -12 });
  for (let i = 0; i < voice.length; i++) samples[i + 48_000] = samples[i + 48_000]! + voice[i]!;
  const { to, voice: after } = heard(samples);
  assert.ok(to >= 6800 && to <= 7200, `to ${to}`);
  assert.ok(Math.abs(after.background + 40) < 3, `background ${after.background}`);
});

test('sound that begins in the middle of voice is heard after its first pause', () => {
  const { to, ms } = heard(sequence([speech(1500), silence(400), speech(1500), silence(1000)]));
  assert.ok(to >= 3200 && to <= 3500, `to ${to}`);
  assert.ok(ms >= 900);
});

test('lost packets end no word, and are no background', () => {
  const samples = sequence([silence(600), speech(1500), silence(1500)], -45);
  for (let frame = 20; frame * 160 < samples.length; frame += 11) samples.fill(0, frame * 160, frame * 160 + 480);
  const { from, to, voice } = heard(samples);
  assert.ok(from >= 600 && from <= 800 && to >= 1900 && to <= 2250, `${from} to ${to}`);
  assert.ok(Math.abs(voice.background + 45) < 3, `background ${voice.background}`);
});

test('voice ends when the line falls silent digitally', () => {
  const voice = speech(1000);
  const samples = new Int16Array(8 * 3000);
  samples.set(noise(1000, -60));
  samples.set(voice, 8000);
  const { to } = heard(samples);
  assert.ok(to <= 2150, `to ${to}`);
});
