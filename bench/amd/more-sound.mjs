// What more.mjs and alike.mjs make recordings from: voices, music, noises, beeps, and a line with its codecs and losses. All chance
// comes from the `random` that is given.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { decodeG711, encodeG711 } from '../../src/media/codec/g711.ts';
import { readWav } from '../../src/media/files/wav.ts';

export const RATE = 8000;
const rms = (samples) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
export const dbov = (db) => 32768 * 10 ** (db / 20);
export const still = (seconds) => new Float64Array(Math.round(seconds * RATE));
export const joined = (parts) => Int16Array.from(parts.flatMap((part) => [...part]));
export function scaled(samples, to) {
  const factor = to / rms(samples);
  return Float64Array.from(samples, (s) => s * factor);
}

export function ffmpeg(input, extra = []) {
  const found = spawnSync(
    'ffmpeg',
    ['-v', 'error', ...input, ...extra, '-ac', '1', '-ar', '8000', '-f', 's16le', '-'],
    { maxBuffer: 1 << 28 },
  );
  if (found.status !== 0) throw new Error(`${input.join(' ')}: ${found.stderr}`);
  return new Int16Array(found.stdout.buffer, found.stdout.byteOffset, found.stdout.length >> 1);
}

/** Without the silence at both ends. */
export function trimmed(samples) {
  const level = (at) => Math.sqrt(samples.subarray(at, at + 160).reduce((sum, s) => sum + s * s, 0) / 160);
  const levels = Array.from({ length: Math.floor(samples.length / 160) }, (_, i) => level(i * 160));
  const least = Math.max(...levels) * 0.03;
  const from = levels.findIndex((each) => each > least);
  return samples.slice(from * 160, (levels.findLastIndex((each) => each > least) + 1) * 160);
}

export const sayFlite = (voice, text) =>
  ffmpeg(['-f', 'lavfi', '-i', `flite=voice=${voice}:text='${text.replaceAll(/['",:]/g, ' ')}'`]);
export function sayEspeak(voice, text, speed, out) {
  const { stdout } = spawnSync('espeak-ng', ['-v', voice, '-s', String(Math.round(speed)), '--stdout', text]);
  fs.writeFileSync(path.join(out, 'tmp.wav'), stdout);
  return ffmpeg(['-i', path.join(out, 'tmp.wav')]);
}

/** Prompts of one recorded voice, one after the other. */
export function prompts(folder, wanted) {
  return joined(
    wanted.map((name) => {
      const file = ['wav', 'gsm'].map((end) => path.join(folder, `${name}.${end}`)).find((each) => fs.existsSync(each));
      return file === undefined
        ? new Int16Array(0)
        : file.endsWith('.wav')
          ? readWav(fs.readFileSync(file)).channels[0]
          : ffmpeg(['-i', file]);
    }),
  );
}
/** Folders of Debian's recorded voices. */
export const recordedVoices = (sounds) =>
  fs
    .readdirSync(sounds)
    .filter((name) => ['wav', 'gsm'].some((end) => fs.existsSync(path.join(sounds, name, `vm-intro.${end}`))));

/** Any piece of it. */
export function pieceOf(random, samples, length) {
  const start = Math.floor(random() * samples.length);
  return Float64Array.from({ length }, (_, i) => samples[(start + i) % samples.length]);
}
/** White noise through one pole: 0 white, 0.98 rumble; `sway`: how its level moves. */
export function hiss(random, length, [pole, sway]) {
  let state = 0;
  let level = 1;
  return Float64Array.from({ length }, (_, i) => {
    if (i % 400 === 0) level = Math.max(0.2, level + sway * (random() - 0.5) + 0.2 * (1 - level));
    return (state = pole * state + (1 - pole) * (random() - 0.5)) * level;
  });
}

/** Noises by name; each takes a length in samples. */
export function noisesOf(random, { songs, talkers }) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const from = (samples, n) => pieceOf(random, samples, n);
  return {
    white: (n) => hiss(random, n, [0, 0]),
    pink: (n) => hiss(random, n, [0.8, 0]),
    rumble: (n) => hiss(random, n, [0.97, 0.3]),
    street: (n) => hiss(random, n, [0.7, 1.2]),
    music: (n) => from(pick(songs), n),
    babble: (n) =>
      Array.from({ length: 6 }, () => scaled(from(pick(talkers), n), 1000)).reduce((sum, each) =>
        sum.map((s, i) => s + each[i]),
      ),
  };
}

/** One beep: sines of these lines, gliding by a factor, with ramps of 5 ms. */
export function beepSamples({ hz, seconds, glide = 1 }) {
  let phase = 0;
  const count = Math.round(seconds * RATE);
  return Float64Array.from({ length: count }, (_, i) => {
    if (hz.length === 2) return hz.reduce((sum, each) => sum + Math.sin((2 * Math.PI * each * i) / RATE), 0) / 2;
    phase += (2 * Math.PI * hz[0] * glide ** (i / count)) / RATE;
    return Math.sin(phase) * Math.min(1, i / 40, (count - i) / 40);
  });
}

function throughGsm(samples) {
  const run = (input, options) =>
    spawnSync('ffmpeg', ['-v', 'error', ...options], { input, maxBuffer: 1 << 28 }).stdout;
  const raw = ['-f', 's16le', '-ar', '8000', '-ac', '1', '-i', '-'];
  const made = run(Buffer.from(samples.buffer), raw.concat('-c:a', 'libgsm', '-f', 'gsm', '-'));
  const back = run(made, ['-f', 'gsm', '-i', '-', '-f', 's16le', '-']);
  return Int16Array.from({ length: back.length >> 1 }, (_, i) => back.readInt16LE(2 * i));
}
/** The line: `under` is what lies under the recording already scaled; then GSM, µ-law, and packets lost (share in %). */
export function line(random, samples, { under, gsm, lost }) {
  const whole = Int16Array.from(samples, (s, i) => Math.max(-32768, Math.min(32767, Math.round(s + under[i]))));
  const sent = decodeG711('PCMU', encodeG711('PCMU', gsm ? throughGsm(whole) : whole));
  for (let at = 0; at + 160 <= sent.length; at += 160) if (random() < lost / 100) sent.fill(0, at, at + 160);
  return sent;
}

export function writeLabels(out, rows, columns) {
  const cells = [columns, ...rows.map((row) => columns.map((name) => row[name] ?? ''))];
  fs.writeFileSync(path.join(out, 'labels.csv'), `${cells.map((each) => each.join(',')).join('\n')}\n`);
  fs.rmSync(path.join(out, 'tmp.wav'), { force: true });
}
