// What the detector makes of the same recordings when they are harder: slower, faster, softer, noisier, with packets lost.
//   node --import tsx bench/amd/stress.mjs [folder] [--music=folder of 8 kHz WAV files] [--only=case] [--wrong]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { readWav } from '../../src/media/files/wav.ts';
import { readCorpus } from './corpus.mjs';
import { harderCases } from './harder.mjs';
import { listen } from './run-detector.mjs';

const args = process.argv.slice(2);
const folder =
  args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url));
const rows = readCorpus(path.resolve(folder), readWav);

const musicOf = (dir) =>
  Object.fromEntries(
    fs
      .readdirSync(dir)
      .filter((name) => name.endsWith('.wav'))
      .map((name) => [
        name.slice(0, 18),
        readWav(fs.readFileSync(path.join(dir, name))).channels[0].slice(80_000, 480_000),
      ]),
  );
const music = args.find((arg) => arg.startsWith('--music='))?.slice(8);
const cases = harderCases(rows, music === undefined ? {} : musicOf(music));
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
