/** Tells who answered from sound alone: voice activity and cadence, tones, and silence where it says something. Pure: fed
 * 20 ms frames of what the far end says, it counts time in frames and tells its findings; a frame allocates nothing. */
import type { Detection, DetectOptions } from '../../ports/index.ts';
import { amdDefaults, type AmdModel, amdModel, likelihood } from './amd-model.ts';
import { EnvelopeKeeper } from './envelope.ts';
import { Greeting } from './greeting.ts';
import { Sound } from './sound.ts';
import { ToneDetector, type ToneFinding, type WatchTone } from './tone-detector.ts';
import { VoiceActivity } from './voice-activity.ts';

const FRAME_MS = 20;
/** A beep that contradicts the verdict has to be beyond doubt. */
const PLAIN_FRAMES = 12;
/** What is said last is softer: frames that belong to a greeting after its last loud one. */
const STRONG_TAIL = 8;
/** What follows the last word after more frames than this is no part of it. */
const SAME_WORD = 15;
const SURE_BEEP = 0.95;
/** A verdict waits for a tone that is this likely a beep, and longer for one that is this likely. */
const POSSIBLE_TONE = 0.1;
const LIKELY_TONE = 0.6;
/** Who speaks on for so many frames after a beep had not come to the end: that was none, and another may come. */
const SPOKE_ON = 40;
type Judged = 'human' | 'machine';
type Say = Omit<Detection, 'atMs'>;

const frames = (ms: number): number => Math.round(ms / FRAME_MS);

export class AmdDetector {
  readonly #tell: (found: Detection) => void;
  readonly #sound = new Sound();
  readonly #envelope = new EnvelopeKeeper();
  readonly #voice = new VoiceActivity();
  readonly #tones: ToneDetector;
  readonly #greeting: Greeting;
  readonly #model: AmdModel;
  readonly #limits: Required<DetectOptions>;
  #judged: Judged | undefined;
  #judgedAt = 0;
  /** Last frame of a beep, and of any sound of the network. */
  #beepEnd = -1;
  #progressEnd = 0;
  /** Last frame of voice or tone. */
  #lastSound = 0;
  /** Last frame of voice in the foreground, and of the soft end of its last word. */
  #lastStrong = 0;
  #lastSoft = 0;
  /** The network spoke, not a mailbox: no beep follows. */
  #special = false;
  #ended = false;
  #over = false;
  /** Frames that are voice unless the tone they may belong to turns out to be one. */
  #doubtful = 0;
  #doubtfulEnd = 0;
  /** Frames of voice that could be no tone. */
  #plain = 0;
  #plainAtBeep = 0;

  /** `watch`: for bench/amd, which learns from what the tone detector weighs. */
  // oxlint-disable-next-line max-params -- the last two are the bench's
  constructor(options: DetectOptions, tell: (found: Detection) => void, model = amdModel, watch?: WatchTone) {
    this.#tones = new ToneDetector(watch);
    this.#model = model;
    this.#greeting = new Greeting(frames(model.askingPause), frames(model.leastVoice));
    this.#limits = { ...amdDefaults, ...options };
    this.#tell = tell;
  }

  /** Nothing more will be told. */
  get over(): boolean {
    return this.#over;
  }

  /** What was said so far, s: its length, and the silence before it. Undefined when nothing was. */
  get said(): { readonly length: number; readonly delay: number } | undefined {
    const { spoken, length, start } = this.#greeting;
    return spoken ? { length: length * 0.02, delay: start * 0.02 } : undefined;
  }

  /** Somebody else knows that a machine speaks: its beep and its end are told, and no verdict. */
  knowMachine(): void {
    if (this.#over || this.#judged === 'machine') return;
    this.#judged = 'machine';
    this.#judgedAt = this.#now;
  }

  /** Takes 20 ms: 160 samples at 8 kHz. */
  push(frame: Int16Array): void {
    if (this.#over) return;
    const sound = this.#sound;
    sound.push(frame);
    this.#envelope.push(sound.level);
    const active = this.#voice.push(sound.level, sound.empty);
    const tone = this.#tones.push(sound, this.#spoke ? this.#voice.loudest : undefined);
    if (this.#voice.strong) this.#lastStrong = this.#now;
    this.#hearVoice(active);
    const since = Math.max(this.#lastSoft, this.#greeting.end);
    if (this.#voice.lasting && !sound.empty && this.#now - since <= SAME_WORD) this.#lastSoft = this.#now;
    if (tone !== undefined) this.#hearTone(tone);
    if (this.#judged === undefined) this.#judge();
    if (this.#judged !== undefined) this.#follow();
  }

  /** Somebody spoke, beyond doubt: music has vowels, but no consonants. */
  get #spoke(): boolean {
    return this.#greeting.spoken && this.#plain >= PLAIN_FRAMES;
  }

  get #now(): number {
    return this.#sound.frames - 1;
  }

  /** A tone is no voice, but a vowel begins like one: what sounds is decided when it is over. */
  #hearVoice(active: boolean): void {
    const tones = this.#tones;
    if (active && tones.sounding === 0) this.#plain++;
    const tone = tones.toneful || tones.isCertain(this.#voice.loudest);
    if (tone) this.#doubtful = 0;
    if (active || tone) this.#lastSound = this.#now;
    if (active && tones.sounding > 0 && !tone) {
      this.#doubtful++;
      this.#doubtfulEnd = this.#now;
      return;
    }
    if (tones.sounding === 0) {
      for (let n = this.#doubtfulEnd - this.#doubtful + 1; this.#doubtful > 0; n++, this.#doubtful--) {
        this.#greeting.push(n, true);
      }
    }
    this.#greeting.push(this.#now, active && !this.#sound.empty && tones.sounding === 0);
  }

  #hearTone(tone: ToneFinding): void {
    const { kind, confidence, frequencies, durationMs, variance } = tone;
    const shape = { durationMs, frequencies, variance };
    if (kind === 'progress' || (this.#judged === 'human' && kind !== 'beep')) return;
    if (kind === 'beep') {
      const doubtful = this.#judged === 'human' && confidence < SURE_BEEP;
      const again = this.#beepEnd >= 0 && this.#plain - this.#plainAtBeep < SPOKE_ON;
      if (doubtful || again || this.#now > frames(this.#limits.toneMs)) return;
      this.#beepEnd = this.#now;
      this.#plainAtBeep = this.#plain;
      const after = this.#spoke || (this.#greeting.spoken && confidence >= SURE_BEEP);
      if (this.#judged === undefined && after) this.#verdict('machine', 0.97, 'beep');
      this.#say({ event: 'tone', confidence, reason: 'beep', ...shape });
      return;
    }
    if (this.#judged !== undefined) return;
    this.#say({
      event: kind,
      confidence,
      reason: kind === 'sit' ? 'special information tone' : 'fax tone',
      ...shape,
    });
    this.#judged = 'machine';
    this.#judgedAt = this.#now;
    this.#special = true;
    if (kind === 'fax') this.#stop('fax');
  }

  #judge(): void {
    const now = this.#now;
    if (this.#greeting.spoken) this.#judgeGreeting(now);
    else this.#judgeSilence(now);
    if (this.#judged === undefined && !this.#over && now >= frames(this.#limits.decisionMs)) {
      this.#say({ event: 'unknown', confidence: 0.5, reason: 'decision timeout' });
      this.#stop('decision timeout');
    }
  }

  #judgeSilence(now: number): void {
    if (this.#beepEnd >= 0 && now - this.#beepEnd >= frames(this.#model.loneBeep)) {
      return this.#verdict('machine', 0.8, 'beep without greeting');
    }
    if (this.#tones.toneful) this.#progressEnd = now;
    if (this.#beepEnd >= 0 || now - this.#progressEnd < frames(this.#limits.noSpeechMs)) return;
    this.#say({ event: 'no-speech', confidence: 0.9, reason: 'no speech' });
    this.#stop('no speech');
  }

  #judgeGreeting(now: number): void {
    const said = this.#greeting;
    const tones = this.#tones;
    const model = this.#model;
    if (this.#spoke && tones.isCertain(this.#voice.loudest))
      return this.#verdict('machine', 0.97, 'tone after greeting');
    const length = said.length * FRAME_MS;
    const delay = said.start * FRAME_MS;
    if (length >= model.longGreeting) return this.#verdict('machine', this.#machineLike(length), 'long greeting');
    if (length >= model.lateLeast && length + model.lateWeight * delay >= model.lateGreeting) {
      return this.#verdict('machine', this.#machineLike(length), 'late and long greeting');
    }
    const asked = said.firstEnd >= 0 && (said.firstEnd - said.start + 1) * FRAME_MS < model.askingGreeting;
    const end = asked ? said.firstEnd : said.end;
    const spoke = (end - said.start + 1) * FRAME_MS;
    const wait = spoke < model.shortGreeting ? model.shortWait : model.wait;
    const chance = tones.chance(this.#voice.loudest);
    const held = chance > LIKELY_TONE ? model.likelyToneHold : chance > POSSIBLE_TONE ? model.toneHold : 0;
    const quiet = now - this.#lastWord(end);
    if (quiet < frames(wait + held)) return;
    this.#verdict('human', 1 - this.#machineLike(spoke), asked ? 'asked again' : 'short greeting');
  }

  /** Last frame of what was said up to `end`: with its soft end on a quiet line, without what goes on behind it on any other. */
  #lastWord(end: number): number {
    if (this.#voice.lasting !== undefined) return end === this.#greeting.end ? Math.max(end, this.#lastSoft) : end;
    return Math.min(end, Math.max(this.#lastStrong, this.#greeting.start) + STRONG_TAIL);
  }

  #machineLike(lengthMs: number): number {
    return likelihood(this.#model, lengthMs / 1000, (this.#greeting.start * FRAME_MS) / 1000);
  }

  #verdict(event: Judged, confidence: number, reason: string): void {
    this.#judged = event;
    this.#judgedAt = this.#now;
    // What we say is what we hold to be likelier, whatever the weights alone would say.
    const held = Math.min(0.99, Math.max(0.5, Math.round(confidence * 100) / 100));
    this.#say({ event, confidence: held, reason, durationMs: this.#greeting.length * FRAME_MS });
  }

  /** After the verdict: a machine's greeting has an end, and a beep may come. */
  #follow(): void {
    if (this.#over) return;
    const now = this.#now;
    if (this.#judged === 'human') {
      if (now - this.#judgedAt >= frames(this.#model.afterHuman)) this.#stop('human');
      return;
    }
    const beeped = this.#beepEnd >= 0;
    const wait = beeped ? Math.min(this.#model.endAfterBeep, this.#limits.greetingEndMs) : this.#limits.greetingEndMs;
    if (!this.#ended && now - this.#lastSound >= frames(wait)) {
      this.#ended = true;
      this.#say({
        event: 'greeting-end',
        confidence: 0.9,
        reason: 'silence',
        durationMs: this.#greeting.length * FRAME_MS,
      });
    }
    if (this.#ended && (beeped || this.#special || now >= frames(this.#limits.toneMs))) this.#stop('greeting ended');
    else if (now >= frames(this.#model.longest)) this.#stop('time limit');
  }

  #stop(reason: string): void {
    this.#over = true;
    this.#say({ event: 'stopped', confidence: 1, reason });
  }

  #say(found: Say): void {
    const envelope = this.#envelope.take();
    this.#tell({ ...found, atMs: this.#sound.frames * FRAME_MS, ...(envelope === undefined ? {} : { envelope }) });
  }
}
