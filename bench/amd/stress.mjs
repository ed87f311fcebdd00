// What the detector makes of the same recordings when they are harder: slower, faster, softer, noisier, with packets lost.
//   node --import tsx bench/amd/stress.mjs [folder]
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { readWav } from '../../src/media/files/wav.ts';
import { readCorpus } from './corpus.mjs';
import { listen } from './run-detector.mjs';

const args = process.argv.slice(2);
const folder =
  args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url));
const rows = readCorpus(path.resolve(folder), readWav);

/** Numbers in 0..1, the same every time. */
function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
const clip = (value) => Math.max(-32768, Math.min(32767, Math.round(value)));
const rms = (samples) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
const babble = rows.filter(({ kind }) => kind === 'babble')[0]?.samples;
const music = rows.filter(({ kind }) => kind === 'music-on-hold')[0]?.samples;

/** Music as it lay behind voices: what is left of those recordings after the last word. */
const behind = (from) => {
  const rests = rows.filter(({ noise, speechEnd }) => noise === 'music' && speechEnd !== undefined);
  const joined = rests.flatMap(({ samples, speechEnd }) => [...samples.subarray(Math.ceil((speechEnd + 0.2) * 8000))]);
  return joined.length === 0 ? undefined : Int16Array.from([...joined.slice(from), ...joined.slice(0, from)]);
};

const gain = (db) => (samples) => samples.map((s) => clip(s * 10 ** (db / 20)));
const speed = (factor) => (samples) =>
  Int16Array.from({ length: Math.floor(samples.length / factor) }, (_, i) => {
    const at = i * factor;
    const k = Math.floor(at);
    return clip(samples[k] + (at - k) * ((samples[k + 1] ?? 0) - samples[k]));
  });
const mixed = (noise, snr) => (samples, row) => {
  if (noise === undefined) return samples;
  const from = Math.max(0, Math.floor((row.speechStart ?? row.beepAt ?? 0) * 8000));
  const to = Math.floor((row.speechEnd ?? row.beepEnd ?? samples.length / 8000) * 8000);
  const factor = rms(samples.subarray(from, to)) / rms(noise) / 10 ** (snr / 20);
  return samples.map((s, i) => clip(s + factor * noise[(i + 3571) % noise.length]));
};
const white = () => {
  const random = randomFrom(5);
  return Int16Array.from({ length: 160_000 }, () => (random() - 0.5) * 20_000);
};
const lost = (share, burst, fill) => (samples, row) => {
  const random = randomFrom(row.file.length * 7919 + samples.length);
  const out = samples.slice();
  for (let at = 0; at + 160 <= out.length; at += 160) {
    if (random() >= share / burst) continue;
    const end = Math.min(out.length, at + 160 * Math.ceil(random() * 2 * burst));
    // Concealed: the last 20 ms again, ever softer. Else zeros, as a file of lost packets has.
    for (let i = at; i < end; i++)
      out[i] = fill && at >= 160 ? out[at - 160 + ((i - at) % 160)] * 0.6 ** Math.floor((i - at) / 160) : 0;
    at = end - 160;
  }
  return out;
};

const cases = {
  plain: (s) => s,
  'half as loud': gain(-12),
  'very soft': gain(-22),
  'loud, clipped': gain(10),
  'slower, 0.88': speed(0.88),
  'faster, 1.14': speed(1.14),
  'white noise 20 dB': mixed(white(), 20),
  'white noise 10 dB': mixed(white(), 10),
  'babble 15 dB': mixed(babble, 15),
  'babble 8 dB': mixed(babble, 8),
  ...Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`soft music 15 dB, ${n}`, mixed(behind(n * 21_113), 15)])),
  'music 20 dB': mixed(music, 20),
  'music 12 dB': mixed(music, 12),
  'lost 5 %, zeros': lost(0.05, 1, false),
  'lost 20 %, zeros': lost(0.2, 2, false),
  'lost 10 %, concealed': lost(0.1, 2, true),
  'lost 20 %, concealed': lost(0.2, 3, true),
};
const only = args.find((arg) => arg.startsWith('--only='))?.slice(7);
console.log(`${'case'.padEnd(22)} accuracy  human→machine  beeps found  false beeps  human late p90`);
for (const [name, change] of Object.entries(cases)) {
  if (only !== undefined && only !== name) continue;
  const judged = rows.map((row) => {
    const samples = change(row.samples, row);
    const scale = row.samples.length / samples.length;
    const { events, verdict, at, reason } = listen(AmdDetector, samples);
    const called = verdict === 'sit' || verdict === 'fax' ? 'machine' : verdict;
    const beepAt = row.beepAt && row.beepAt / scale;
    const beepEnd = row.beepEnd && row.beepEnd / scale;
    const isBeep = ({ atMs }) => beepAt !== undefined && atMs > beepAt * 1000 && atMs < beepEnd * 1000 + 500;
    const tones = events.filter(({ event }) => event === 'tone');
    return {
      ...row,
      called,
      at,
      reason,
      beepAt,
      found: tones.some(isBeep),
      falsely: tones.some((t) => !isBeep(t)),
      late: at / 1000 - row.speechEnd / scale,
    };
  });
  const answered = judged.filter(({ label }) => label === 'human' || label === 'machine');
  const humans = answered.filter(({ label }) => label === 'human');
  const beeps = judged.filter(({ beepAt }) => beepAt !== undefined);
  const rate = (part, whole) => `${((100 * part.length) / whole.length).toFixed(1)} %`;
  const late = humans
    .filter(({ called }) => called === 'human')
    .map((r) => r.late)
    .toSorted((a, b) => a - b);
  console.log(
    name.padEnd(22),
    rate(
      answered.filter((r) => r.called === r.label),
      answered,
    ).padStart(8),
    rate(
      humans.filter((r) => r.called === 'machine'),
      humans,
    ).padStart(14),
    rate(
      beeps.filter((r) => r.found),
      beeps,
    ).padStart(12),
    rate(
      judged.filter((r) => r.falsely),
      judged,
    ).padStart(12),
    (late[Math.floor(late.length * 0.9)] ?? 0).toFixed(2).padStart(15),
  );
  if (!args.includes('--wrong')) continue;
  for (const row of judged) {
    const bad = (row.label === 'human' || row.label === 'machine') && row.called !== row.label;
    const missed = row.beepAt !== undefined && !row.found;
    if (bad || missed || row.falsely)
      console.log(
        `   ${row.file} ${row.kind} ${row.noise ?? ''}: ${row.called} ${row.at} ${row.reason}${missed ? ' BEEP MISSED' : ''}${row.falsely ? ' FALSE BEEP' : ''}`,
      );
  }
}
