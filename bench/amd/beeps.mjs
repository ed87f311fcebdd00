// Fits src/media/detect/beep-weights.ts: every tone the detector weighs, in the labelled recordings as they are and made harder
// (harder.mjs), is a beep by its label or is none. Judged with whole sources left out; prints the weights of all.
//   node --import tsx bench/amd/beeps.mjs [folder] [--write]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { amdModel } from '../../src/media/detect/amd-model.ts';
import { beepFeatures } from '../../src/media/detect/beep.ts';
import { readWav } from '../../src/media/files/wav.ts';
import { readCorpus } from './corpus.mjs';
import { folds } from './folds.mjs';
import { harderCases } from './harder.mjs';
import { fit, predict } from './logistic.mjs';

const args = process.argv.slice(2);
const folder =
  args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url));
const rows = readCorpus(path.resolve(folder), readWav);
const SLACK = 0.12;
const MOST_FRAMES = 40;
const never = { ...amdModel, longGreeting: 1e9, lateGreeting: 1e9, longest: 1e9, wait: 1e9, shortWait: 1e9, loneBeep: 1e9 };
const long = { noSpeechMs: 1e9, decisionMs: 1e9, toneMs: 1e9, greetingEndMs: 1e9 };

/** Tones of one recording: { stage, x, y }. */
function weighed(row, samples) {
  const scale = row.samples.length / samples.length;
  const found = [];
  const detector = new AmdDetector(long, () => {}, never, (run, around) => {
    const [from, to] = [run.start * 0.02 * scale, run.end * 0.02 * scale];
    const y = row.beepAt !== undefined && from > row.beepAt - SLACK && to < row.beepEnd + SLACK ? 1 : 0;
    const stage = around.after === undefined ? 'sounding' : 'ended';
    // A tone that goes on and on is held against nothing twice.
    if (stage === 'sounding' && run.frames > MOST_FRAMES) return;
    found.push({ row, stage, x: [...beepFeatures(run, around)], y, weight: 1 });
  });
  const tail = new Int16Array(160);
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.push(samples.subarray(at, at + 160));
  for (let i = 0; i < 30; i++) detector.push(tail);
  return found;
}

const labels = new Set(['human', 'machine', 'beep', 'music', 'noise']);
const tones = [];
for (const change of Object.values(harderCases(rows)))
  for (const row of rows.filter(({ label }) => labels.has(label))) tones.push(...weighed(row, change(row.samples, row)));

const fitted = {};
for (const stage of ['ended', 'sounding']) {
  const of = tones.filter((tone) => tone.stage === stage);
  const positive = of.filter(({ y }) => y === 1).length;
  console.log(`${stage}: ${of.length} tones, ${positive} beeps`);
  const judged = folds(rows).flatMap((fold) => {
    const out = new Set(fold);
    const weights = fit(of.filter(({ row }) => !out.has(row)), { ridge: 0.0005 });
    return of.filter(({ row }) => out.has(row)).map((tone) => ({ ...tone, p: predict(weights, tone.x) }));
  });
  for (const least of [0.3, 0.5, 0.7, 0.9, 0.97]) {
    const told = judged.filter(({ p }) => p > least);
    const right = told.filter(({ y }) => y === 1).length;
    console.log(`  above ${least}: ${((100 * right) / positive).toFixed(1)} % of beeps, ${told.length - right} falsely`);
  }
  fitted[stage] = fit(of, { ridge: 0.0005 }).map((w) => Math.round(w * 1000) / 1000);
}
console.log(JSON.stringify(fitted));
if (args.includes('--write')) {
  const file = fileURLToPath(new URL('../../src/media/detect/beep-weights.ts', import.meta.url));
  const list = (stage) => `  ${stage}: [${fitted[stage].join(', ')}],\n`;
  const text = fs.readFileSync(file, 'utf8').replace(/ {2}ended: \[.*\],\n {2}sounding: \[.*\],\n/, list('ended') + list('sounding'));
  fs.writeFileSync(file, text);
}
