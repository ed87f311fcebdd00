/** Speech as the input of a gather or a barge-in: hears the caller, tells the partialResultHook what is not final yet, and puts together
 * what was said until the speaker has been quiet for long enough. */
import type { Timer } from '../../base/index.ts';
import { callInfo, Hearing } from '../../call/index.ts';
import type { HearingChoice, Transcript } from '../../ports/index.ts';
import type { GatherVerb } from '../schema/schema.ts';
import { hearingFor } from '../speech-choice.ts';
import type { TaskContext } from '../task.ts';
import { speechOf } from './transcription.ts';

/** An answer has at most so many pieces; the last of them ends it. */
const MOST_PIECES = 64;

export type SpokenListener = {
  /** Something is being said: so many words of it are known, 0 before the first. */
  readonly voice: (words: number) => void;
  /** All that was said. */
  readonly said: (transcript: Transcript) => void;
  /** Nobody can hear; the alert was raised. */
  readonly failed: (why: string) => void;
  /** The partialResultHook answered with what to do next. */
  readonly answered: (document: unknown) => void;
};

export type SpokenOptions = Pick<GatherVerb, 'partialResultHook' | 'bargein' | 'recognizer' | 'speechTimeout' | 'id'>;

export class SpokenInput {
  readonly #context: TaskContext;
  readonly #verb: SpokenOptions;
  readonly #listener: SpokenListener;
  #hearing: Hearing | undefined;
  #pieces: Transcript[] = [];
  /** Speech began of which no final result has come yet. */
  #unfinished = false;
  #state: 'idle' | 'hearing' | 'closed' = 'idle';
  #quiet: Timer | undefined;
  /** The interim result that waits while the hook is asked about an older one. */
  #partial: Transcript | undefined;
  #telling: Promise<void> | undefined;

  constructor(context: TaskContext, verb: SpokenOptions, listener: SpokenListener) {
    this.#context = context;
    this.#verb = verb;
    this.#listener = listener;
  }

  /** Idempotent. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'hearing';
    const { session, caller } = this.#context;
    const { partialResultHook, bargein, recognizer } = this.#verb;
    const { hearing, fallback, gate } = hearingFor(session, recognizer);
    // Words before the sentence is over: to be told, or to end the prompt.
    const early = (choice: HearingChoice): HearingChoice =>
      partialResultHook === undefined && !bargein ? choice : { ...choice, interim: true };
    const options = {
      hearing: early(hearing),
      ...(fallback === undefined ? {} : { fallback: early(fallback) }),
      ...(gate === undefined ? {} : { gate }),
    };
    this.#hearing = new Hearing(caller, options, {
      result: (transcript) => this.#heard(transcript),
      speaking: () => this.#voice(0),
      failed: (why) => this.#failed(why),
    });
  }

  /** Is there speech whose last words are still to come? */
  get speaking(): boolean {
    return this.#unfinished || this.#pieces.length > 0;
  }

  /** Asks for the words that are still unsaid; `said` is told of them, if there are any. */
  async finish(): Promise<void> {
    await this.#hearing?.close();
    this.#complete();
  }

  /** Nothing more is told. */
  close(): void {
    this.#state = 'closed';
    this.#quiet?.cancel();
    void this.#hearing?.close();
  }

  #voice(words: number): void {
    if (this.#state !== 'hearing') return;
    this.#quiet?.cancel();
    this.#unfinished = true;
    this.#listener.voice(words);
  }

  #heard(transcript: Transcript): void {
    if (this.#state !== 'hearing') return;
    this.#voice(wordsIn(transcript));
    if (!transcript.final) return this.#tellSoon(transcript);
    this.#unfinished = false;
    this.#partial = undefined;
    this.#pieces.push(transcript);
    const { speechTimeout } = this.#verb;
    if (speechTimeout === undefined || this.#pieces.length === MOST_PIECES) return this.#complete();
    const { session, caller } = this.#context;
    const label = `call ${caller.callSid} gather speech`;
    this.#quiet = session.services.clock.after(speechTimeout * 1000, label, () => this.#complete());
  }

  #complete(): void {
    const [first] = this.#pieces;
    if (this.#state !== 'hearing' || first === undefined) return;
    const said = this.#pieces.length === 1 ? first : joined(this.#pieces, first);
    this.#pieces = [];
    this.#listener.said(said);
  }

  #failed(why: string): void {
    if (this.#state !== 'hearing') return;
    // What was heard before is an answer.
    this.#complete();
    this.#unfinished = false;
    this.#listener.failed(why);
  }

  #tellSoon(partial: Transcript): void {
    if (this.#verb.partialResultHook === undefined) return;
    this.#partial = partial;
    if (this.#telling !== undefined) return;
    this.#telling = this.#tellAll().finally(() => (this.#telling = undefined));
  }

  /** One request at a time; what a newer result says better is not told. */
  async #tellAll(): Promise<void> {
    const { session, caller } = this.#context;
    const { partialResultHook: hook, id } = this.#verb;
    for (let next = this.#partial; next !== undefined && hook !== undefined; next = this.#partial) {
      this.#partial = undefined;
      const verbId = id === undefined ? {} : { verb_id: id };
      const body = { ...callInfo(caller), speech: speechOf(next, 1), ...verbId };
      const answer = await session.link.request(hook, 'verb:hook', body);
      if (this.#state !== 'hearing') return;
      if (answer.ok && Array.isArray(answer.body) && answer.body.length > 0) this.#listener.answered(answer.body);
    }
  }
}

export function wordsIn({ alternatives }: Transcript): number {
  return alternatives[0]?.transcript.match(/\S+/g)?.length ?? 0;
}

/** Pieces of one answer as one result, no more certain than its least certain piece. */
function joined(pieces: readonly Transcript[], { language, vendor }: Transcript): Transcript {
  const best = pieces.flatMap(({ alternatives }) => alternatives.slice(0, 1));
  const transcript = best.map((each) => each.transcript).join(' ');
  const confidence = Math.min(...best.map((each) => each.confidence));
  return { final: true, language, vendor, alternatives: [{ transcript, confidence }] };
}
