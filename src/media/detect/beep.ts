/** Whether one tone is a beep: how steady it is, how sharp its edges are, what was at its place in the spectrum before and
 * after, and how loud it is beside the voice. Weighed by trees that bench/amd/beeps.mjs fits. */
import { beepTrees } from './beep-trees.ts';
import { isFaxHigh, isKey } from './call-tones.ts';
import type { ToneRun } from './tone-run.ts';
import { chanceBy } from './trees.ts';

/** Shorter is a vowel, or a click. */
export const LEAST_FRAMES = 5;
/** How far a steady tone's frequency wanders, as a part of it: a sung note and a vowel wander more. */
export const WANDER = 0.006;
/** A tone that still sounds decides from so many frames on, when it is this likely a beep. */
const CERTAIN_FRAMES = 8;
const CERTAIN = 0.95;
/** From here on it is told. */
const LIKELY = 0.5;
/** So far under the voice it plays behind it, dB. */
const BEHIND_DB = 20;

/** What was heard around a tone, dB: broad, and about its own line (Sound.lineLevel). `music`: share of notes in what lay
 * behind the voice; `voice`: level of the voice, or undefined when nobody spoke. */
export type Around = {
  after: number | undefined;
  lineAfter: number;
  /** Power beside its lines, and the loudest frame of the 200 ms after it. */
  restAfter: number;
  loudAfter: number;
  voice: number | undefined;
  music: number;
};

// One tone at a time is judged on a thread: these are nobody's state.
const features = new Float64Array(15);
const sounding: Around = { after: undefined, lineAfter: 0, restAfter: 0, loudAfter: 0, voice: 0, music: 0 };

/** One number a property, each about as large as the others; overwritten by the next call. */
export function beepFeatures(run: ToneRun, around: Around): Float64Array {
  const { after, lineAfter, voice, music } = around;
  const ended = after !== undefined;
  const rise = run.level - run.before;
  const lineRise = run.line - run.lineBefore;
  const edge = after === undefined ? rise : Math.min(rise, run.level - after);
  const lineEdge = after === undefined ? lineRise : Math.min(lineRise, run.line - lineAfter);
  features[0] = Math.min(run.frames, 30) / 10;
  features[1] = Math.log(run.unevenness + 5e-4);
  features[2] = Math.log(run.relativeWander + 5e-4);
  features[3] = Math.min(run.unsteadiness, 6);
  features[4] = Math.min(run.share, 0.99) * 5;
  features[5] = between(edge, -5, 25) / 10;
  features[6] = between(lineEdge, -5, 40) / 10;
  features[7] = between(voice === undefined ? 0 : run.level - voice, -25, 8) / 10;
  features[8] = voice === undefined ? 1 : 0;
  features[9] = Math.min(music, 0.3) * 5;
  features[10] = Math.min(0, Math.log2(run.lowest / 500));
  features[11] = run.companion > 0 ? 1 : 0;
  features[12] = between(run.added(ended ? around.restAfter : undefined), -32, 0) / 10;
  features[13] = between(run.level - run.loudBefore, -15, 20) / 10;
  features[14] = ended ? between(run.level - around.loudAfter, -15, 20) / 10 : 0;
  return features;
}

/** A tone that still sounds is a beep already. */
export function isBeepAlready(run: ToneRun, voice: number, music: number): boolean {
  if (run.frames < CERTAIN_FRAMES || isKey(run) || isFaxHigh(run) || isBehind(run, voice)) return false;
  return likelihoodSoFar(run, voice, music) > CERTAIN;
}

/** How likely it is that a tone that sounds, or has just ended, turns out to be a beep: a verdict waits for it. */
export function likelihoodSoFar(run: ToneRun, voice: number, music: number): number {
  sounding.voice = voice;
  sounding.music = music;
  return chanceBy(beepTrees.sounding, beepFeatures(run, sounding));
}

/** How sure it is that a tone that has ended was a beep: 0 for none. */
export function beepConfidence(run: ToneRun, around: Around): number {
  if (isBehind(run, around.voice)) return 0;
  const sure = chanceBy(beepTrees.ended, beepFeatures(run, around));
  return sure < LIKELY ? 0 : Math.min(0.99, Math.round(sure * 100) / 100);
}

function isBehind(run: ToneRun, voice: number | undefined): boolean {
  return voice !== undefined && run.level < voice - BEHIND_DB;
}

function between(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
