/** Whether one tone is a beep: how steady it is, how sharp its edges are, and whether it may be music behind the voice. */
import { isKey } from './call-tones.ts';
import type { ToneRun } from './tone-run.ts';

/** Shorter is a vowel, or a click. */
export const LEAST_FRAMES = 6;
/** How far a steady tone's frequency wanders, as a part of it: a sung note and a vowel wander more. */
export const WANDER = 0.006;
const SOFT_WANDER = 0.0035;
/** Share of the power that is the tone's. */
const PURE = 0.85;
/** Edges, dB over the sound before and after: beyond doubt; clean; and those that do for a very steady tone. */
const SHARP_DB = 15;
const CLEAN_DB = 10;
const SOFT_RISE_DB = 6;
const SOFT_FALL_DB = 4;
/** Standard deviation of the level, dB: of a glide or clean tone, of a soft one, of one that still sounds. */
const STEADY_DB = 1.5;
const SOUNDING_DB = 1.3;
const BEATING_DB = 2;
/** A tone that still sounds decides after so many frames: with sharp edges, and without. */
const CERTAIN_FRAMES = 8;
const SOFT_FRAMES = 12;
/** A glide lasts longer and is purer than a vowel. */
const GLIDE_FRAMES = 8;
const GLIDE_SHARE = 0.93;
/** A voice's own pitch is lower, and its overtones come with it. */
const PITCH_HZ = 400;
/** Music behind the voice: softer than this, and than the voice by so much, with edges no sharper than the last. */
const SOFT_DB = -35;
const UNDER_VOICE_DB = 6;
const CLEAR_DB = 30;
/** Share of notes in what lies behind the voice that makes it music; and what a beep beside music stands out by. */
const MUSIC_SHARE = 0.12;
const STANDS_OUT_DB = 12;
const AS_LOUD_DB = 10;

/** A tone that still sounds is a beep already. `voice`: level of the voice before it, dB; `music`: share of notes. */
export function isBeepAlready(run: ToneRun, voice: number, music: number): boolean {
  if (run.frames < CERTAIN_FRAMES || isKey(run)) return false;
  if (run.unsteadiness > BEATING_DB && run.frames < 2 * CERTAIN_FRAMES) return false;
  const rise = run.level - run.before;
  if (isBehind(run, voice, rise)) return false;
  if (rise <= CLEAR_DB && music > MUSIC_SHARE && !standsOut(run, voice, rise)) return false;
  const lasts = run.frames >= SOFT_FRAMES;
  if (rise > SHARP_DB || (rise > CLEAN_DB && lasts)) return run.relativeWander < WANDER && run.share > PURE;
  return lasts && run.relativeWander < SOFT_WANDER && rise > SOFT_RISE_DB && run.unsteadiness < SOUNDING_DB;
}

/** How sure it is that a tone that has ended was a beep: 0 for none. `fall`: dB over the sound after it. */
// oxlint-disable-next-line max-params -- what is known of one tone, in numbers
export function beepConfidence(run: ToneRun, fall: number, voice: number | undefined, music: number): number {
  const edge = Math.min(run.level - run.before, fall);
  const wander = run.relativeWander;
  if (isBehind(run, voice, edge)) return 0;
  if (edge > SHARP_DB && run.share > PURE) {
    if (wander < WANDER) return 0.98;
    return run.frames >= GLIDE_FRAMES && run.unsteadiness < STEADY_DB && run.share > GLIDE_SHARE ? 0.85 : 0;
  }
  if (music > MUSIC_SHARE && !standsOut(run, voice, edge)) return 0;
  if (run.frames < CERTAIN_FRAMES || (run.companion === 0 && run.frequency <= PITCH_HZ)) return 0;
  if (run.unsteadiness > STEADY_DB) return 0;
  if (edge > CLEAN_DB && wander < WANDER && run.share > 0.9) return 0.9;
  const soft = run.level - run.before > SOFT_RISE_DB && fall > SOFT_FALL_DB && wander < SOFT_WANDER;
  return soft ? 0.75 : 0;
}

/** What is softer than the voice, and soft at all, and comes and goes gently, plays behind the voice. */
function isBehind(run: ToneRun, voice: number | undefined, edge: number): boolean {
  if (run.level > SOFT_DB || edge > CLEAR_DB) return false;
  return voice === undefined || run.level < voice - UNDER_VOICE_DB;
}

/** Louder than the music it is heard with, and as loud as the voice. */
function standsOut(run: ToneRun, voice: number | undefined, edge: number): boolean {
  return edge > STANDS_OUT_DB && (voice === undefined || run.level > voice - AS_LOUD_DB);
}
