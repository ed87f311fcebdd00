// The labelled recordings beside the repository, where they are: what issue 3 asks of amd.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Detection } from '../../ports/index.ts';
import { readWav } from '../files/wav.ts';
import { AmdDetector } from './amd-detector.ts';

const folder = new URL('../../../../shared/audio/amd/', import.meta.url);
const labels = new URL('labels.csv', folder);
const skip = existsSync(labels) ? false : 'no labelled recordings at ../shared/audio/amd';

type Row = { file: string; label: string; beepAt: number; beepEnd: number };

/** The first four columns are never quoted. */
function rows(): Row[] {
  const lines = readFileSync(labels, 'utf8').split('\n').slice(1).filter(Boolean);
  return lines.map((line) => {
    const [file = '', label = '', at = '', end = ''] = line.split(',');
    return { file, label, beepAt: Number(at), beepEnd: Number(end) };
  });
}

function listen(file: string): Detection[] {
  const found: Detection[] = [];
  const detector = new AmdDetector({}, (each) => found.push(each));
  const [samples = new Int16Array()] = readWav(readFileSync(new URL(file, folder))).channels;
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.push(samples.subarray(at, at + 160));
  const quiet = new Int16Array(160);
  for (let ms = 0; ms < 6000; ms += 20) detector.push(quiet);
  return found;
}

test('people are not called machines, machines are found, beeps are told and nothing else is a beep', { skip }, () => {
  const answered = { human: 0, machine: 0, right: 0, humanCalledMachine: 0 };
  const beeps = { all: 0, found: 0, files: 0, falsely: 0 };
  for (const { file, label, beepAt, beepEnd } of rows()) {
    const found = listen(file);
    const verdict = found.find(({ event }) => ['human', 'machine', 'sit', 'fax'].includes(event))?.event;
    const called = verdict === 'sit' || verdict === 'fax' ? 'machine' : verdict;
    if (label === 'human' || label === 'machine') {
      answered[label]++;
      if (called === label) answered.right++;
      else if (called === 'machine') answered.humanCalledMachine++;
    }
    const isBeep = ({ atMs }: Detection): boolean => beepAt > 0 && atMs > beepAt * 1000 && atMs < beepEnd * 1000 + 400;
    const tones = found.filter(({ event }) => event === 'tone');
    beeps.files++;
    if (beepAt > 0) beeps.all++;
    if (beepAt > 0 && tones.some(isBeep)) beeps.found++;
    if (tones.some((tone) => !isBeep(tone))) beeps.falsely++;
  }
  const figures = JSON.stringify({ answered, beeps });
  assert.ok(answered.humanCalledMachine <= 0.005 * answered.human, figures);
  assert.ok(answered.right >= 0.97 * (answered.human + answered.machine), figures);
  assert.ok(beeps.found >= 0.98 * beeps.all, figures);
  assert.ok(beeps.falsely <= 0.01 * beeps.files, figures);
});
