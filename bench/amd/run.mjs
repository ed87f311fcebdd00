// npm run bench:amd: who answered, on the labelled recordings. Confusion matrix, per class, cross-validated by source, how soon
// a verdict comes, beeps, and what a frame costs.   node --import tsx bench/amd/run.mjs [folder] [--wrong]
import { existsSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { amdModel } from '../../src/media/detect/amd-model.ts';
import { readWav } from '../../src/media/files/wav.ts';
import { readCorpus } from './corpus.mjs';
import { folds, sourceGroup } from './folds.mjs';
import { fitModel } from './fit.mjs';
import { listen } from './run-detector.mjs';

const args = process.argv.slice(2);
const folder = path.resolve(
  args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url)),
);
if (!existsSync(path.join(folder, 'labels.csv'))) {
  console.log(`bench:amd needs the labelled recordings: no labels.csv in ${folder}. Name their folder as an argument.`);
  process.exit(0);
}
const rows = readCorpus(folder, readWav);
const judged = rows.map((row) => ({ ...row, ...listen(AmdDetector, row.samples) }));
const answered = judged.filter(({ label }) => label === 'human' || label === 'machine');

const called = ({ verdict }) => (verdict === 'sit' || verdict === 'fax' ? 'machine' : verdict);
const percent = (part, whole) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

function matrix(found) {
  const columns = ['human', 'machine', 'unknown', 'no-speech', 'none'];
  console.log(`${'called'.padStart(16)} ${columns.map((name) => name.padStart(9)).join(' ')}`);
  for (const label of ['human', 'machine']) {
    const of = found.filter((row) => row.label === label);
    console.log(
      `${label.padStart(16)} ${columns.map((c) => String(of.filter((r) => called(r) === c).length).padStart(9)).join(' ')}`,
    );
  }
  const humans = found.filter(({ label }) => label === 'human');
  console.log(
    `accuracy ${percent(found.filter((row) => called(row) === row.label).length, found.length)}, ` +
      `human called machine ${percent(humans.filter((row) => called(row) === 'machine').length, humans.length)}`,
  );
}

function perGroup(title, key, found) {
  console.log(`\n${title}`);
  for (const name of Array.from(new Set(found.map(key))).toSorted((a, b) => (a < b ? -1 : 1))) {
    const of = found.filter((row) => key(row) === name);
    console.log(
      `  ${percent(of.filter((row) => called(row) === row.label).length, of.length).padStart(8)} of ${String(of.length).padStart(3)}  ${name}`,
    );
  }
}

console.log(`${rows.length} recordings of ${folder}\n\nWho answered`);
matrix(answered);
perGroup('By kind', ({ label, kind }) => `${label} ${kind}`, answered);

console.log('\nCross-validated: thresholds from the other sources only');
const crossed = folds(answered).flatMap((fold, i, all) => {
  const model = { ...amdModel, ...fitModel(all.filter((other) => other !== fold).flat()) };
  return fold.map((row) => ({
    ...row,
    ...listen((options, tell) => new AmdDetector(options, tell, model), row.samples),
  }));
});
matrix(crossed);
perGroup('By source, cross-validated', ({ source }) => sourceGroup(source), crossed);

console.log('\nOthers');
for (const row of judged.filter(({ label }) => label !== 'human' && label !== 'machine')) {
  console.log(`  ${row.label.padEnd(8)} ${row.kind.padEnd(14)} ${row.events.map(({ event }) => event).join(', ')}`);
}

const times = (name, list) => {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (q) => quantile(sorted, q).toFixed(2);
  console.log(`  ${name.padEnd(44)} p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}`);
};
const right = answered.filter((row) => called(row) === row.label);
console.log('\nWhen, s');
times(
  'human, after the greeting ended',
  right.filter(({ label }) => label === 'human').map((r) => r.at / 1000 - r.speechEnd),
);
times(
  'machine, after the greeting began',
  right.filter(({ label }) => label === 'machine').map((r) => r.at / 1000 - r.speechStart),
);
times(
  'machine, after the greeting ended',
  right.filter(({ label }) => label === 'machine').map((r) => r.at / 1000 - r.speechEnd),
);

const tonesOf = ({ events }) => events.filter(({ event }) => event === 'tone');
const isBeep = (row) => (tone) => {
  const end = tone.atMs / 1000;
  return row.beepAt !== undefined && end > row.beepAt && end < row.beepEnd + 1;
};
const beeps = judged.filter(({ beepAt }) => beepAt !== undefined);
const heard = beeps.filter((row) => tonesOf(row).some(isBeep(row)));
const wrong = judged.filter((row) => tonesOf(row).some((tone) => !isBeep(row)(tone)));
console.log('\nBeeps');
console.log(
  `  found ${heard.length} of ${beeps.length} (${percent(heard.length, beeps.length)}), false in ${wrong.length} of ${judged.length} (${percent(wrong.length, judged.length)})`,
);
times(
  'beep, after its end',
  heard.map((row) => tonesOf(row).find(isBeep(row)).atMs / 1000 - row.beepEnd),
);
const ended = answered.filter(
  (row) => row.label === 'machine' && row.events.some(({ event }) => event === 'greeting-end'),
);
const endOf = (row) =>
  row.events.find(({ event }) => event === 'greeting-end').atMs / 1000 - Math.max(row.speechEnd, row.beepEnd ?? 0);
times('end of greeting, after greeting or beep', ended.map(endOf));

const began = performance.now();
let frames = 0;
for (let round = 0; round < 5; round++) {
  for (const row of rows) {
    const detector = new AmdDetector({ noSpeechMs: 1e6, decisionMs: 1e6 }, () => {}, {
      ...amdModel,
      longGreeting: 1e9,
    });
    for (let at = 0; at + 160 <= row.samples.length; at += 160, frames++)
      detector.push(row.samples.subarray(at, at + 160));
  }
}
const micros = ((performance.now() - began) * 1000) / frames;
console.log(`\nA frame of 20 ms costs ${micros.toFixed(1)} µs: ${(micros / 200).toFixed(3)} % of a core a call.`);

if (args.includes('--wrong')) {
  console.log('\nWrong, late or missed');
  for (const row of judged) {
    const bad = row.label === 'human' || row.label === 'machine' ? called(row) !== row.label : false;
    const late = row.label === 'human' && row.at / 1000 - row.speechEnd > 2;
    const missed = row.beepAt !== undefined && !tonesOf(row).some(isBeep(row));
    if (!bad && !late && !missed && !wrong.includes(row)) continue;
    console.log(
      `  ${row.file} ${row.kind}: ${row.events.map((e) => `${e.event} ${e.atMs} (${e.reason}, ${e.confidence})`).join('; ')}`,
    );
  }
}
