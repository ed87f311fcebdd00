/** One speaker's sound, cut into utterances at the pauses and heard one by one: for recognisers that take whole
 * utterances, here or over HTTP. */
import { Emitter } from '../../base/index.ts';
import type { HearingChoice } from '../../ports/index.ts';
import { type Ear, VendorFault } from '../vendor.ts';
import { FRAME, levelOf, VoiceActivity } from './voice-activity.ts';

const RATE = 16_000;
/** Frames of 20 ms: kept from before the voice; of quiet that end an utterance; of the longest utterance; between looks
 * at an unfinished one; in which a long one is cut. */
const BEFORE = 25;
const PAUSE = 35;
const LONGEST = 750;
const LOOK = 40;
const CUT_WITHIN = 200;

/** What was heard; an empty text: nothing. */
export type Heard = { readonly text: string; readonly confidence: number };

export type UtteranceHearer = {
  readonly name: string;
  /** One utterance, 16 kHz. Rejects with a VendorFault. */
  hear(pcm: Int16Array, final: boolean): Promise<Heard>;
  /** It can be asked about what is still being said. */
  readonly interim: boolean;
};

export class UtteranceEar implements Ear {
  readonly events: Ear['events'] = new Emitter();
  readonly rate = RATE;
  readonly #hearer: UtteranceHearer;
  readonly #choice: HearingChoice;
  readonly #activity = new VoiceActivity();
  /** Frames of the utterance, or the few before one. */
  #frames: Int16Array[] = [];
  #state: 'quiet' | 'speaking' | 'ended' | 'failed' = 'quiet';
  #rest = new Int16Array(0);
  #looked = 0;
  #looking: 'no' | 'yes' = 'no';
  /** Utterances are told in the order they were said. */
  #told: Promise<void> = Promise.resolve();

  constructor(hearer: UtteranceHearer, choice: HearingChoice) {
    this.#hearer = hearer;
    this.#choice = choice;
  }

  write(pcm: Int16Array): void {
    if (this.#state === 'ended' || this.#state === 'failed') return;
    const all = new Int16Array(this.#rest.length + pcm.length);
    all.set(this.#rest);
    all.set(pcm, this.#rest.length);
    let at = 0;
    for (; at + FRAME <= all.length; at += FRAME) this.#frame(all.slice(at, at + FRAME));
    this.#rest = all.slice(at);
  }

  async finish(): Promise<void> {
    if (this.#state === 'speaking') this.#utter(this.#frames);
    if (this.#state !== 'failed') this.#state = 'ended';
    this.#frames = [];
    await this.#told;
  }

  #frame(frame: Int16Array): void {
    const voiced = this.#activity.frame(frame);
    this.#frames.push(frame);
    if (this.#state === 'quiet') {
      if (this.#frames.length > BEFORE) this.#frames.shift();
      if (!voiced) return;
      this.#state = 'speaking';
      this.#looked = 0;
      this.events.emit('speaking');
      return;
    }
    if (this.#activity.quietFrames >= PAUSE) {
      this.#utter(this.#frames);
      this.#frames = this.#frames.slice(-BEFORE);
      this.#state = 'quiet';
    } else if (this.#frames.length >= LONGEST) {
      const cut = quietest(this.#frames);
      this.#utter(this.#frames.slice(0, cut));
      this.#frames = this.#frames.slice(cut);
    } else if (this.#frames.length - this.#looked >= LOOK) this.#look();
  }

  /** A first idea of what is still being said, unless the last idea is still on its way. */
  #look(): void {
    this.#looked = this.#frames.length;
    if (this.#choice.interim !== true || !this.#hearer.interim || this.#looking === 'yes') return;
    this.#looking = 'yes';
    const frames = this.#frames;
    void this.#hearer
      .hear(joined(frames), false)
      // Overtaken by the utterance's end, or nothing: the next look or the end will say.
      .then(
        (heard) => this.#frames === frames && this.#tell(heard, false),
        () => {},
      )
      .finally(() => (this.#looking = 'no'));
  }

  #utter(frames: readonly Int16Array[]): void {
    const hearing = this.#hearer.hear(joined(frames), true);
    this.#told = this.#told
      .then(() => hearing)
      .then(
        (heard) => this.#tell(heard, true),
        (fault: unknown) => this.#fail(fault),
      );
  }

  #tell({ text, confidence }: Heard, final: boolean): void {
    if (text === '') return;
    const alternatives = [{ transcript: text, confidence: Math.round(confidence * 1000) / 1000 }];
    this.events.emit('result', {
      final,
      alternatives,
      language: this.#choice.language ?? 'en-US',
      vendor: this.#hearer.name,
    });
  }

  #fail(fault: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.events.emit('failed', fault instanceof VendorFault ? fault : new VendorFault('garbage', String(fault)));
  }
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.length * FRAME);
  frames.forEach((frame, i) => all.set(frame, i * FRAME));
  return all;
}

/** Where to cut a speaker without pauses: the quietest frame of the last seconds. */
function quietest(frames: readonly Int16Array[]): number {
  let best = frames.length - CUT_WITHIN;
  for (let i = best; i < frames.length; i++) if (levelOf(frames[i]!) < levelOf(frames[best]!)) best = i;
  return best;
}
