/** Finds a mailbox's beep: one burst of a steady tone, with an edge on both sides, that does not come again. Names fax and
 * special information tones, and keeps the network's own tones apart by their cadence. */
import { isFaxAnswer, isFaxCall, isKey, isNetwork, isRinging, repeatsAfter, sitPlace } from './call-tones.ts';
import { type Around, beepConfidence, isBeepAlready, LEAST_FRAMES, likelihoodSoFar, WANDER } from './beep.ts';
import { MOST_LOST, QUIET_DB, type Sound } from './sound.ts';
import { ToneRun, toneLike } from './tone-run.ts';

export type ToneFinding = {
  readonly kind: 'beep' | 'sit' | 'fax' | 'progress';
  /** Hz, rounded. */
  readonly frequencies: readonly number[];
  /** Hz², rounded. */
  readonly variance: number;
  readonly durationMs: number;
  readonly confidence: number;
};

export type WatchTone = (run: ToneRun, around: Around) => void;

const FRAME_MS = 20;
const MOST_MS = 1800;
/** A burst is told this long after its end, if no other follows: the double bursts of call waiting and ringing do. */
const ALONE_FRAMES = 10;
/** Frames of the next burst that show that it is one. */
const AGAIN_FRAMES = 4;
/** A pause may be as much longer. */
const PAUSE_MARGIN = 5;
/** How far bursts of one cadence may differ. */
const LIKE_DB = 6;
/** Sound before and after a burst that says how sharp its edges are. */
const EDGE_FRAMES = 5;
const PAUSE_FRAMES = 10;
/** Sound this much under the voice is what lies behind it: the share of notes in it, over so many frames, is music. */
const BEHIND_DB = 10;
const NOTE_FRAMES = 5;
const MUSIC_FRAMES = 80;
/** A vowel may be pure, but not for so long. */
const TONEFUL_FRAMES = 10;
const LASTING_FRAMES = 18;
const LASTING_WANDER = 0.02;
const SIT_GAP_FRAMES = 5;
/** A tone that came once and was no beep is none when it comes again. */
const SAME_HZ = 15;
/** A beat of two lines looks like one that moves between them. */
const BEAT_HZ = 30;
const MEMORY_FRAMES = 350;

export class ToneDetector {
  #run = new ToneRun();
  /** The last burst, until it is told or refused. */
  #waiting = new ToneRun();
  #waits = false;
  #repeated = false;
  /** Frames after which it would come again if it were the network's; 0: it is none of the network's; -1: not asked yet. */
  #pause = 0;
  #lastEnd = -1000;
  #lastLevel = 0;
  /** Frequency and last frame of what was found to be the network's tone. */
  #progressHz = 0;
  #progressEnd = -1000;
  #after = 0;
  #lineAfter = 0;
  #afterFrames = 0;
  readonly #watch: WatchTone | undefined;
  #restAfter = 0;
  #loudAfter = 0;
  readonly #levels = new Float64Array(PAUSE_FRAMES + 1);
  #sitNext = 0;
  #sitEnd = 0;
  /** First frame of the tone that ended a triplet. */
  #sitLast = -1;
  /** Frequency and last frame of what was pure and is a network's tone: whatever sounds there again is no voice. */
  #networkHz = 0;
  #networkEnd = -1000;
  #faxTold = false;
  /** Share of tones in what lay behind the voice lately, and as it was when the sounding and the waiting run began. */
  #music = 0;
  #behind = 10;
  #musicBefore = 0;
  #musicWaiting = 0;

  /** `watch` is shown each tone that may be a beep, before it is judged. */
  constructor(watch?: WatchTone) {
    this.#watch = watch;
  }

  /** The tone that is sounding: frames so far, 0 for none. */
  get sounding(): number {
    return this.#run.open ? this.#run.frames : 0;
  }

  /** What sounds is a tone and no vowel, whether it is a beep or not. */
  get toneful(): boolean {
    const run = this.#run;
    if (!run.open) return false;
    if (run.pure || this.#isNetworkAgain(run)) return true;
    if (run.frames < TONEFUL_FRAMES || run.share < 0.85) return false;
    const wander = run.relativeWander;
    return wander < WANDER || (run.frames >= LASTING_FRAMES && wander < LASTING_WANDER);
  }

  /** The sounding tone is already steady, sharp and loud enough to be a beep after a `voice` of this level, dB. */
  isCertain(voice: number): boolean {
    return this.#run.open && isBeepAlready(this.#run, voice, this.#musicBefore);
  }

  /** How likely it is that what sounds, or has ended and is not told yet, is a beep. */
  chance(voice: number): number {
    const waiting = this.#waits ? likelihoodSoFar(this.#waiting, voice, this.#musicWaiting) : 0;
    return this.#run.open ? Math.max(waiting, likelihoodSoFar(this.#run, voice, this.#musicBefore)) : waiting;
  }

  /** Takes the newest frame. `voice`: level of the voice heard so far, dB, or undefined when nobody spoke. */
  push(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    const found = this.#follow(sound, voice) ?? this.#settle(sound, voice);
    if (!sound.empty && (voice === undefined || sound.level < voice - BEHIND_DB)) {
      this.#behind = Math.min(MUSIC_FRAMES, this.#behind + 1);
      this.#music += (1 / this.#behind) * ((this.#isNote() ? 1 : 0) - this.#music);
    }
    this.#levels.copyWithin(0, 1);
    // A lost packet is no edge.
    if (sound.lost === 0 || sound.lost > MOST_LOST) this.#levels[PAUSE_FRAMES] = sound.level;
    return found;
  }

  /** What sounds is as steady as a note, and no more: a run of babble wanders. */
  #isNote(): boolean {
    const run = this.#run;
    return run.open && run.frames >= NOTE_FRAMES && run.relativeWander < WANDER;
  }

  #follow(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    const run = this.#run;
    if (run.open && run.extend(sound)) return this.#whileSounding(run, voice);
    if (run.start >= 0) this.#ended(run);
    if (toneLike(sound)) {
      this.#run.begin(sound, this.#before(), this.#loudBefore());
      this.#musicBefore = this.#music;
    }
    return this.#waits && voice === undefined ? this.#faxCall() : undefined;
  }

  /** Answer tones and triplets are told while they sound: they last. */
  #whileSounding(run: ToneRun, voice: number | undefined): ToneFinding | undefined {
    const ms = run.frames * FRAME_MS;
    if (!this.#faxTold && isFaxAnswer(run, ms)) {
      this.#faxTold = true;
      return finding('fax', run, 0.97);
    }
    if (this.#watch !== undefined && run.frames % 4 === 0)
      this.#watch(run, { after: undefined, lineAfter: 0, restAfter: 0, loudAfter: 0, voice, music: this.#musicBefore });
    const place = this.#sitNext === 2 && run.start - this.#sitEnd <= SIT_GAP_FRAMES ? sitPlace(run, ms) : -1;
    if (place !== 2) return undefined;
    this.#sitNext = 0;
    this.#sitLast = run.start;
    return finding('sit', run, 0.98);
  }

  #ended(run: ToneRun): void {
    const ms = lengthOf(run);
    if (run.start === this.#sitLast) return this.#run.reset();
    if (run.pure && isNetwork(run)) {
      this.#networkHz = run.lowest;
      this.#networkEnd = run.end;
    }
    const place = sitPlace(run, ms);
    const follows = place === this.#sitNext && run.start - this.#sitEnd <= SIT_GAP_FRAMES;
    this.#sitNext = follows || place === 0 ? place + 1 : 0;
    this.#sitEnd = run.end;
    if (ms > MOST_MS) this.#isProgress(run);
    if (run.frames >= LEAST_FRAMES && ms <= MOST_MS && !isKey(run) && this.#sitNext < 2) {
      // A second burst soon after the first: neither is a beep.
      this.#repeated =
        (run.start - this.#lastEnd <= ALONE_FRAMES + 1 && isLike(run.level, this.#lastLevel)) || this.#isKnown(run);
      this.#lastEnd = run.end;
      this.#lastLevel = run.level;
      if (this.#repeated) this.#isProgress(run);
      [this.#run, this.#waiting] = [this.#waiting, run];
      this.#waits = true;
      this.#pause = -1;
      this.#musicWaiting = this.#musicBefore;
      this.#after = 0;
      this.#lineAfter = 0;
      this.#restAfter = 0;
      this.#loudAfter = QUIET_DB;
      this.#afterFrames = 0;
    }
    this.#run.reset();
  }

  #isProgress(run: ToneRun): void {
    this.#progressHz = run.lowest;
    this.#progressEnd = run.end;
  }

  #isNetworkAgain(run: ToneRun): boolean {
    const near = run.companion > 0 ? SAME_HZ : BEAT_HZ;
    return (
      run.start - this.#networkEnd < MEMORY_FRAMES && Math.abs(run.lowest - this.#networkHz) < near && run.share > 0.8
    );
  }

  #isKnown(run: ToneRun): boolean {
    return Math.abs(run.lowest - this.#progressHz) < SAME_HZ && run.start - this.#progressEnd < MEMORY_FRAMES;
  }

  #hear(sound: Sound, run: ToneRun): void {
    if (sound.torn) return;
    this.#loudAfter = Math.max(this.#loudAfter, sound.level);
    if (this.#afterFrames >= EDGE_FRAMES) return;
    this.#after += sound.level;
    this.#lineAfter += sound.lineLevel(run.frequency, 0);
    this.#restAfter += sound.rest(run.frequency, run.companion, 0);
    this.#afterFrames++;
  }

  /** Mean level of the 100 ms before the newest frame; the frame just before may hold the tone's edge. */
  #before(): number {
    let sum = 0;
    for (let i = PAUSE_FRAMES - EDGE_FRAMES; i < PAUSE_FRAMES; i++) sum += this.#levels[i]!;
    return sum / EDGE_FRAMES;
  }

  #loudBefore(): number {
    let most = QUIET_DB;
    for (let i = 0; i < PAUSE_FRAMES; i++) most = Math.max(most, this.#levels[i]!);
    return most;
  }

  #faxCall(): ToneFinding | undefined {
    const run = this.#waiting;
    if (this.#faxTold || !isFaxCall(run, lengthOf(run))) return undefined;
    this.#faxTold = true;
    this.#waits = false;
    return finding('fax', run, 0.8);
  }

  /** Waits for what follows the last burst, and then says what it was. */
  #settle(sound: Sound, voice: number | undefined): ToneFinding | undefined {
    if (!this.#waits) return undefined;
    const run = this.#waiting;
    const quiet = sound.frames - 1 - run.end;
    if (quiet >= 2) this.#hear(sound, run);
    if (this.#pause < 0) this.#pause = voice !== undefined ? 0 : repeatsAfter(run, lengthOf(run)) / FRAME_MS;
    if (this.#comesAgain(run)) {
      this.#waits = false;
      return undefined;
    }
    // Who answers ends the network's tone.
    const answered = this.#pause > 0 && voice !== undefined;
    const wait = this.#pause === 0 || answered ? ALONE_FRAMES : Math.max(ALONE_FRAMES, this.#pause + PAUSE_MARGIN);
    const undecided = this.#run.open && this.#run.frames < LEAST_FRAMES;
    if (quiet < wait || (undecided && quiet < wait + AGAIN_FRAMES)) return undefined;
    this.#waits = false;
    if (answered) this.#isProgress(run);
    return answered ? undefined : this.#tell(run, voice);
  }

  #comesAgain(run: ToneRun): boolean {
    const { open, frames, start, level, lowest } = this.#run;
    if (!open || frames < AGAIN_FRAMES) return false;
    if (start - run.end <= ALONE_FRAMES + 1 && isLike(level, run.level)) return true;
    if (start - run.end > this.#pause + PAUSE_MARGIN || Math.abs(lowest - run.lowest) > SAME_HZ) return false;
    this.#isProgress(run);
    return true;
  }

  #tell(run: ToneRun, voice: number | undefined): ToneFinding | undefined {
    const rings = voice === undefined && isRinging(run, lengthOf(run));
    if (rings) this.#isProgress(run);
    if (this.#repeated) return undefined;
    if (rings) return finding('progress', run, 0.9);
    const heard = Math.max(1, this.#afterFrames);
    const around = {
      after: this.#after / heard,
      lineAfter: this.#lineAfter / heard,
      restAfter: this.#restAfter / heard,
      loudAfter: this.#loudAfter,
      voice,
      music: this.#musicWaiting,
    };
    this.#watch?.(run, around);
    const sure = beepConfidence(run, around);
    return sure > 0 ? finding('beep', run, sure) : undefined;
  }
}

function lengthOf(run: ToneRun): number {
  return (run.end - run.start + 1) * FRAME_MS;
}

/** A burst that comes again comes as loud. */
function isLike(level: number, other: number): boolean {
  return Math.abs(level - other) < LIKE_DB;
}

function finding(kind: ToneFinding['kind'], run: ToneRun, confidence: number): ToneFinding {
  const lines = [run.frequency, run.companion].filter((hz) => hz > 0).map(Math.round);
  return {
    kind,
    frequencies: lines.toSorted((a, b) => a - b),
    durationMs: lengthOf(run),
    confidence,
    variance: Math.round(run.wander ** 2),
  };
}
