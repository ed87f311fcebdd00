// Fits src/media/detect/beep-trees.ts: every tone the detector weighs, in the labelled recordings as they are and made harder
// (harder.mjs), is a beep by its label or is none. Judged with whole sources left out; the trees are those of all.
//   node --import tsx bench/amd/beeps.mjs [folder …] [--write]
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
import { fitTrees, predictTrees } from './trees.mjs';

const args = process.argv.slice(2);
const given = args.filter((arg) => !arg.startsWith('--'));
const folders = given.length > 0 ? given : [fileURLToPath(new URL('../../../shared/audio/amd', import.meta.url))];
const corpora = folders.map((folder) => readCorpus(path.resolve(folder), readWav));
const rows = corpora.flat();
const SLACK = 0.12;
/** By property of beepFeatures: 1 where more of it never speaks against a beep, -1 where it never speaks for one. */
const signs = [0, -1, -1, -1, 1, 1, 1, 0, 0, -1, 0, 0, -1, 1, 1];
const counts = { ended: 80, sounding: 60 };
const MOST_FRAMES = 24;
const never = {
  ...amdModel,
  longGreeting: 1e9,
  lateGreeting: 1e9,
  longest: 1e9,
  wait: 1e9,
  shortWait: 1e9,
  loneBeep: 1e9,
};
const long = { noSpeechMs: 1e9, decisionMs: 1e9, toneMs: 1e9, greetingEndMs: 1e9 };

/** Tones of one recording: { stage, x, y }. */
function weighed(row, samples) {
  const scale = row.samples.length / samples.length;
  const found = [];
  const detector = new AmdDetector(
    long,
    () => {},
    never,
    (run, around) => {
      const [from, to] = [run.start * 0.02 * scale, run.end * 0.02 * scale];
      const y = row.beepAt !== undefined && from > row.beepAt - SLACK && to < row.beepEnd + SLACK ? 1 : 0;
      const stage = around.after === undefined ? 'sounding' : 'ended';
      // A tone that goes on and on is held against nothing twice.
      if (stage === 'sounding' && run.frames > MOST_FRAMES) return;
      found.push({ row, stage, x: [...beepFeatures(run, around)], y });
    },
  );
  const tail = new Int16Array(160);
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.push(samples.subarray(at, at + 160));
  for (let i = 0; i < 30; i++) detector.push(tail);
  return found;
}

const labels = new Set(['human', 'machine', 'beep', 'music', 'noise']);
const tones = [];
const [labelled, ...others] = corpora;
for (const change of Object.values(harderCases(labelled)))
  for (const row of labelled.filter(({ label }) => labels.has(label)))
    tones.push(...weighed(row, change(row.samples, row)));
// Those of more.mjs are hard already.
for (const row of others.flat().filter(({ label }) => labels.has(label))) tones.push(...weighed(row, row.samples));

const fitted = {};
for (const stage of ['ended', 'sounding']) {
  const of = tones.filter((tone) => tone.stage === stage);
  const positive = of.filter(({ y }) => y === 1).length;
  console.log(`${stage}: ${of.length} tones, ${positive} beeps`);
  const judged = folds(rows).flatMap((fold) => {
    const out = new Set(fold);
    const trees = fitTrees(
      of.filter(({ row }) => !out.has(row)),
      { signs, count: counts[stage] },
    );
    return of.filter(({ row }) => out.has(row)).map((tone) => ({ ...tone, p: predictTrees(trees, tone.x) }));
  });
  for (const least of [0.3, 0.5, 0.7, 0.9, 0.97]) {
    const told = judged.filter(({ p }) => p > least);
    const right = told.filter(({ y }) => y === 1).length;
    console.log(
      `  above ${least}: ${((100 * right) / positive).toFixed(1)} % of beeps, ${told.length - right} falsely`,
    );
  }
  if (args.includes('--write')) fitted[stage] = fitTrees(of, { signs, count: counts[stage] });
}
if (args.includes('--write')) {
  const file = fileURLToPath(new URL('../../src/media/detect/beep-trees.ts', import.meta.url));
  fs.writeFileSync(file, dataFile(fitted));
}

/** The trees as beep-trees.ts holds them. */
function dataFile({ ended, sounding }) {
  const list = (values, digits) => `[${values.map((value) => Number(value.toFixed(digits))).join(', ')}]`;
  const one = (name, { bias, trees }) =>
    [
      `  ${name}: {`,
      `    bias: ${bias.toFixed(3)},`,
      `    properties: ${list(
        trees.flatMap(({ splits }) => splits.map(([f]) => f)),
        0,
      )},`,
      `    thresholds: ${list(
        trees.flatMap(({ splits }) => splits.map(([, at]) => at)),
        3,
      )},`,
      `    leaves: ${list(
        trees.flatMap(({ leaves }) => leaves),
        3,
      )},`,
      '  },',
    ].join('\n');
  return `/** Made by bench/amd/beeps.mjs; the properties are those of beepFeatures, in its order. */
import type { Trees } from './trees.ts';

// prettier-ignore
export const beepTrees: { readonly ended: Trees; readonly sounding: Trees } = {
${one('ended', ended)}
${one('sounding', sounding)}
};
`;
}
