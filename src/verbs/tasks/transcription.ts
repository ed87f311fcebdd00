/** Tells a transcriptionHook what is said on one or two legs: final results one after the other, and interim ones where
 * they are wanted and nothing newer waits. The hook may answer with verbs, which then run in place of what runs.
 * reference.md 1.13, 5. */
import { callInfo, Hearing, type Leg, type Session } from '../../call/index.ts';
import type { HookTarget, Transcript } from '../../ports/index.ts';
import type { TranscribeOptions } from '../schema/schema.ts';
import { hearingFor } from '../speech-choice.ts';
import { Translated } from './translated.ts';

/** Results that wait for a slow hook; more are lost, oldest first. */
const MOST_WAITING = 64;

export type Side = { readonly leg: Leg; readonly channel: 1 | 2; readonly source?: 'said' | 'mixed' };
type Waiting = { readonly channel: 1 | 2; readonly transcript: Transcript };

export class Transcription {
  readonly #session: Session;
  readonly #hook: HookTarget | undefined;
  readonly #translated: Translated | undefined;
  readonly #id: string | undefined;
  readonly #hearings: Hearing[];
  readonly #leastConfidence: number;
  readonly #queue: Waiting[] = [];
  #lost = 0;
  #telling: Promise<void> | undefined;
  #state: 'open' | 'closed' = 'open';
  readonly whenFailed: Promise<void>;

  constructor(session: Session, options: TranscribeOptions & { id: string | undefined }, sides: readonly Side[]) {
    this.#session = session;
    this.#hook = options.transcriptionHook;
    const { translationHook, recognizer, id } = options;
    if (translationHook !== undefined)
      this.#translated = new Translated(session, { hook: translationHook, recognizer, id });
    this.#id = options.id;
    this.#leastConfidence = Number(options.recognizer?.['minConfidence'] ?? 0) || 0;
    let failures = 0;
    let failed: () => void = () => {};
    this.whenFailed = new Promise((resolve) => (failed = resolve));
    const choice = hearingFor(session, options.recognizer);
    this.#hearings = sides.map(
      ({ leg, channel, source }) =>
        new Hearing(
          leg,
          { ...choice, ...(source === undefined ? {} : { source }) },
          {
            result: (transcript) => this.#heard({ channel, transcript }),
            failed: () => ++failures === sides.length && failed(),
          },
        ),
    );
    session.transcriptions.add(this);
    session.caller.note('transcribe.started', { channels: sides.map(({ channel }) => channel) });
  }

  pause(): void {
    for (const hearing of this.#hearings) hearing.pause();
  }

  resume(): void {
    for (const hearing of this.#hearings) hearing.resume();
  }

  /** Resolves when the last words were handed to the hook. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#session.transcriptions.delete(this);
    await Promise.all(this.#hearings.map((hearing) => hearing.close()));
    this.#translated?.close();
    await this.#telling;
    this.#session.caller.note('transcribe.ended', this.#lost === 0 ? {} : { lost: this.#lost });
  }

  #heard(waiting: Waiting): void {
    const { channel, transcript } = waiting;
    if (transcript.final && (transcript.alternatives[0]?.confidence ?? 0) < this.#leastConfidence) return;
    this.#translated?.push(waiting);
    if (this.#hook === undefined) return;
    // What comes later of the same voice says all that an unfinished result said.
    const stale = this.#queue.findIndex((each) => each.channel === channel && !each.transcript.final);
    if (stale >= 0) this.#queue.splice(stale, 1);
    this.#queue.push(waiting);
    if (this.#queue.length > MOST_WAITING) {
      this.#queue.shift();
      this.#lost++;
    }
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async #tellAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) await this.#tell(next);
  }

  async #tell({ channel, transcript }: Waiting): Promise<void> {
    if (this.#hook === undefined) return;
    const speech = speechOf(transcript, channel);
    const { caller, link, script } = this.#session;
    const body = { ...callInfo(caller), speech, ...(this.#id === undefined ? {} : { verb_id: this.#id }) };
    const answer = await link.request(this.#hook, 'verb:hook', body);
    if (!answer.ok || !Array.isArray(answer.body) || answer.body.length === 0 || caller.end !== undefined) return;
    const replaced = script.replace(answer.body);
    if (!replaced.ok) caller.note('application.refused', { faults: replaced.faults });
  }
}

/** A result as hooks are told it. */
export function speechOf(
  { final, alternatives, language, vendor }: Transcript,
  channel: 1 | 2,
): Readonly<Record<string, unknown>> {
  return {
    language_code: language,
    channel_tag: channel,
    is_final: final,
    alternatives,
    vendor: { name: vendor },
  };
}
