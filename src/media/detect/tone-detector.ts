/** Finds a mailbox's beep: one burst of a steady tone, with an edge on both sides, that does not come again. Names fax and
 * special information tones, and keeps the network's own tones apart by their cadence. */
import { isFaxAnswer, isFaxCall, isKey, isRinging, repeatsAfter, sitPlace } from './call-tones.ts';
import type { Sound } from './sound.ts';
import { ToneRun, toneLike } from './tone-run.ts';

export type ToneFinding = {
  readonly kind: 'beep' | 'sit' | 'fax' | 'progress';
  /** Hz, rounded. */
  readonly frequencies: readonly number[];
  readonly durationMs: number;
  readonly confidence: number;
};

const FRAME_MS = 20;
const LEAST_FRAMES = 6;
const MOST_MS = 1800;
/** A burst is told this long after its end, if no other follows: the double bursts of call waiting and ringing do. */
const ALONE_FRAMES = 10;
/** Edges: dB over the sound before and after that are beyond doubt, and those that do for a very steady tone. */
const SHARP_DB = 15;
const SOFT_RISE_DB = 6;
const SOFT_FALL_DB = 4;
/** Softer than the voice by more than this, it is music behind the voice. */
const UNDER_VOICE_DB = 12;
const SOFT_DB = -33;
/** Edges no music behind a voice has, dB. */
const CLEAR_DB = 25;
/** Sound this much under the voice is what lies behind it. If this share of that is tones, it is music. */
const BEHIND_DB = 10;
const MUSIC_SHARE = 0.3;
const MUSIC_FOLLOW = 1 / 80;
const EDGE_FRAMES = 5;
const SIT_GAP_FRAMES = 5;
/** How far a steady tone's frequency wanders, as a part of it: a sung note and a vowel wander more. */
const WANDER = 0.006;
const SOFT_WANDER = 0.0035;
/** A glide lasts longer and is purer than a vowel. */
/** A vowel may be pure, but not for so long. */
const TONEFUL_FRAMES = 10;
const LASTING_FRAMES = 18;
const LASTING_WANDER = 0.02;
const GLIDE_FRAMES = 8;
const GLIDE_SHARE = 0.93;
/** A tone that came once and was no beep is none when it comes again. */
const SAME_HZ = 15;
const MEMORY_FRAMES = 350;

export class ToneDetector {
  #run = new ToneRun();
  /** The last burst, until it is told or refused. */
  #waiting = new ToneRun();
  #waits = false;
  #repeated = false;
  #lastEnd = -1000;
  /** Frequency and last frame of what was found to be the network's tone. */
  #progressHz = 0;
  #progressEnd = -1000;
  #after = 0;
  #afterFrames = 0;
  readonly #levels = new Float64Array(EDGE_FRAMES + 1);
  #sitNext = 0;
  #sitEnd = 0;
  #faxTold = false;
  /** Share of tones in what lay behind the voice lately, and as it was when the sounding and the waiting run began. */
  #music = 0;
  #musicBefore = 0;
  #musicWaiting = 0;

  /** The tone that is sounding: frames so far, 0 for none. */
  get sounding(): number {
    return this.#run.open ? this.#run.frames : 0;
  }

  /** Frame number where the sounding tone began. */
  get since(): number {
    return this.#run.start;
  }

  /** What sounds is a tone and no vowel, whether it is a beep or not. */
  get toneful(): boolean {
    const run = this.#run;
    if (!run.open || run.frames < TONEFUL_FRAMES || run.share < 0.85) return false;
    const wander = run.wander / run.frequency;
    return wander < WANDER || (run.frames >= LASTING_FRAMES && wander < LASTING_WANDER);
  }

  /** The sounding tone is already steady, sharp and loud enough to be a beep after a `voice` of this level, dB. */
  isCertain(voice: number): boolean {
    const run = this.#run;
    if (!run.open || run.frames < LEAST_FRAMES || isKey(run)) return false;
    const rise = run.level - run.before;
    const wander = run.wander / run.frequency;
    if (isBehind(run, voice, rise)) return false;
    if (rise > CLEAR_DB || (rise > SHARP_DB && this.#musicBefore < MUSIC_SHARE))
      return wander < WANDER && run.share > 0.85;
    return wander < SOFT_WANDER && rise > SOFT_RISE_DB && run.unsteadiness < 1.3 && this.#musicBefore < MUSIC_SHARE;
  }

  /** A burst has ended and is not told yet. */
  get pending(): boolean {
    return this.#waits;
  }

  /** Takes the newest frame. `voice`: level of the voice heard so far, dB, or undefined when nobody spoke. */
  push(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    const found = this.#follow(sound, voice) ?? this.#settle(sound, voice);
    if (voice === undefined || sound.level < voice - BEHIND_DB) {
      const { single, both, strong } = sound.peaks;
      const tonal = strong > 200 && !sound.empty && (single > 0.6 || both > 0.85);
      this.#music += MUSIC_FOLLOW * ((tonal ? 1 : 0) - this.#music);
    }
    this.#levels.copyWithin(0, 1);
    this.#levels[EDGE_FRAMES] = sound.level;
    return found;
  }

  #follow(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    const run = this.#run;
    if (run.open && run.extend(sound)) return this.#whileSounding(run);
    if (run.start >= 0) this.#ended(run);
    if (toneLike(sound)) {
      this.#run.begin(sound, this.#before());
      this.#musicBefore = this.#music;
    }
    return this.#waits && voice === undefined ? this.#faxCall() : undefined;
  }

  /** Answer tones and triplets are told while they sound: they last. */
  #whileSounding(run: ToneRun): ToneFinding | undefined {
    const ms = run.frames * FRAME_MS;
    if (!this.#faxTold && isFaxAnswer(run, ms)) {
      this.#faxTold = true;
      return finding('fax', run, 0.97);
    }
    const place = this.#sitNext === 2 && run.start - this.#sitEnd <= SIT_GAP_FRAMES ? sitPlace(run, ms) : -1;
    if (place !== 2) return undefined;
    this.#sitNext = 0;
    return finding('sit', run, 0.98);
  }

  #ended(run: ToneRun): void {
    const ms = (run.end - run.start + 1) * FRAME_MS;
    const place = sitPlace(run, ms);
    this.#sitNext = place === this.#sitNext || place === 0 ? place + 1 : 0;
    this.#sitEnd = run.end;
    if (ms > MOST_MS) this.#isProgress(run);
    if (run.frames >= LEAST_FRAMES && ms <= MOST_MS && !isKey(run) && this.#sitNext < 2) {
      // A second burst soon after the first: neither is a beep.
      this.#repeated = run.start - this.#lastEnd <= ALONE_FRAMES + 1 || this.#isKnown(run);
      this.#lastEnd = run.end;
      if (this.#repeated) this.#isProgress(run);
      [this.#run, this.#waiting] = [this.#waiting, run];
      this.#waits = true;
      this.#musicWaiting = this.#musicBefore;
      this.#after = 0;
      this.#afterFrames = 0;
      this.#hear(this.#levels[EDGE_FRAMES - 1]!);
      this.#hear(this.#levels[EDGE_FRAMES]!);
    }
    this.#run.reset();
  }

  #isProgress(run: ToneRun): void {
    this.#progressHz = run.frequency;
    this.#progressEnd = run.end;
  }

  #isKnown(run: ToneRun): boolean {
    return Math.abs(run.frequency - this.#progressHz) < SAME_HZ && run.start - this.#progressEnd < MEMORY_FRAMES;
  }

  #hear(level: number): void {
    if (this.#afterFrames >= EDGE_FRAMES) return;
    this.#after += level;
    this.#afterFrames++;
  }

  /** Mean level of the 100 ms before the newest frame; the frame just before may hold the tone's edge. */
  #before(): number {
    let sum = 0;
    for (let i = 0; i < EDGE_FRAMES; i++) sum += this.#levels[i]!;
    return sum / EDGE_FRAMES;
  }

  #faxCall(): ToneFinding | undefined {
    const run = this.#waiting;
    if (this.#faxTold || !isFaxCall(run, (run.end - run.start + 1) * FRAME_MS)) return undefined;
    this.#faxTold = true;
    this.#waits = false;
    return finding('fax', run, 0.8);
  }

  #settle(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    if (!this.#waits) return undefined;
    const run = this.#waiting;
    const ms = (run.end - run.start + 1) * FRAME_MS;
    const quiet = sound.frames - 1 - run.end;
    if (quiet >= 2) this.#hear(sound.level);
    const again =
      this.#run.open && this.#run.frames >= LEAST_FRAMES - 2 && this.#run.start - run.end <= ALONE_FRAMES + 1;
    if (again) {
      this.#waits = false;
      return undefined;
    }
    const off = voice === undefined ? repeatsAfter(run, ms) : 0;
    const wait = Math.max(ALONE_FRAMES, off === 0 ? 0 : off / FRAME_MS + 5);
    if (quiet < wait || (this.#run.open && this.#run.frames < LEAST_FRAMES && quiet < wait + LEAST_FRAMES))
      return undefined;
    this.#waits = false;
    if (this.#repeated || (off > 0 && this.sounding > 0)) return undefined;
    if (voice === undefined && isRinging(run, ms)) {
      this.#isProgress(run);
      return finding('progress', run, 0.9);
    }
    const sure = this.#beepConfidence(run, voice);
    return sure > 0 ? finding('beep', run, sure) : undefined;
  }

  #beepConfidence(run: ToneRun, voice: number | undefined): number {
    const rise = run.level - run.before;
    const fall = run.level - this.#after / Math.max(1, this.#afterFrames);
    if (voice !== undefined && isBehind(run, voice, Math.min(rise, fall))) return 0;
    const wander = run.wander / run.frequency;
    if (rise > SHARP_DB && fall > SHARP_DB && run.share > 0.85) {
      if (wander < WANDER) return 0.98;
      const glides = run.frames >= GLIDE_FRAMES && run.unsteadiness < 1.5 && run.share > GLIDE_SHARE;
      return glides ? 0.85 : 0;
    }
    if (this.#musicWaiting > MUSIC_SHARE) return 0;
    if (rise < SOFT_RISE_DB || fall < SOFT_FALL_DB || wander > SOFT_WANDER || run.unsteadiness > 1.5) return 0;
    return 0.75;
  }
}

/** What is softer than the voice, and soft at all, and comes and goes gently, plays behind the voice. */
function isBehind(run: ToneRun, voice: number, edge: number): boolean {
  return run.level < voice - UNDER_VOICE_DB && run.level < SOFT_DB && edge < CLEAR_DB;
}

function finding(kind: ToneFinding['kind'], run: ToneRun, confidence: number): ToneFinding {
  const lines = [run.frequency, run.companion].filter((hz) => hz > 0).map(Math.round);
  return {
    kind,
    frequencies: lines.toSorted((a, b) => a - b),
    durationMs: (run.end - run.start + 1) * FRAME_MS,
    confidence,
  };
}
