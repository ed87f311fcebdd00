/** Tells a translationHook what was said, in other languages: final results only, one after the other, apart from the
 * transcriptionHook, which never waits for a translator. */
import { callInfo, type Session } from '../../call/index.ts';
import type { HookTarget, Transcript, TranslationChoice } from '../../ports/index.ts';
import type { JsonObject } from '../schema/schema.ts';

/** Sentences that wait for a slow translator or hook; more are lost, oldest first. */
const MOST_WAITING = 16;
const MOST_LANGUAGES = 8;

type Said = { readonly channel: 1 | 2; readonly transcript: Transcript };
type Options = {
  readonly hook: HookTarget;
  readonly recognizer: JsonObject | undefined;
  readonly id: string | undefined;
};

export class Translated {
  readonly #session: Session;
  readonly #options: Options;
  readonly #choice: TranslationChoice;
  readonly #languages: readonly string[];
  readonly #queue: Said[] = [];
  #state: 'idle' | 'telling' | 'off' = 'idle';
  #alarmed = false;

  /** Where nobody can translate, the alert is raised at once and nothing is told. */
  constructor(session: Session, options: Options) {
    this.#session = session;
    this.#options = options;
    const wanted = (options.recognizer?.['translation'] ?? {}) as JsonObject;
    this.#choice = { ...text('vendor', wanted['vendor']), ...text('label', wanted['label']) };
    this.#languages = languagesOf(wanted, options.recognizer);
    const { services, caller } = session;
    const owner = { accountSid: session.accountSid, callSid: caller.callSid };
    if (this.#languages.length === 0) {
      const message = 'transcribe.translationHook: recognizer.translation.languages names no language, such as ["fr"]';
      services.alerts.raise({ ...owner, type: 'invalid-app-payload', message });
      this.#state = 'off';
    } else if (!services.speech.canTranslate(owner, this.#choice)) this.#state = 'off';
  }

  push(said: Said): void {
    if (this.#state === 'off' || !said.transcript.final) return;
    this.#queue.push(said);
    if (this.#queue.length > MOST_WAITING) this.#queue.shift();
    if (this.#state === 'idle') void this.#tellAll();
  }

  /** What is being translated is told still; what waits is not. */
  close(): void {
    this.#state = 'off';
    this.#queue.length = 0;
  }

  async #tellAll(): Promise<void> {
    this.#state = 'telling';
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      await Promise.all(this.#languages.map((to) => this.#tell(next, to)));
    if (this.#isTelling) this.#state = 'idle';
  }

  /** It may have been closed meanwhile. */
  get #isTelling(): boolean {
    return this.#state === 'telling';
  }

  async #tell({ channel, transcript }: Said, to: string): Promise<void> {
    const { caller, link, script, accountSid, services } = this.#session;
    const original = transcript.alternatives[0]?.transcript ?? '';
    if (original.trim() === '') return;
    const from = transcript.language;
    const made = await services.speech.translate({
      accountSid,
      callSid: caller.callSid,
      text: original,
      from,
      to,
      choice: this.#choice,
      quiet: this.#alarmed,
    });
    if (!made.ok) {
      this.#alarmed = true;
      caller.note('translation.failed', { language: to, why: made.message });
      return;
    }
    const translation = { channel, language: to, translation: made.text, original, source_language: from };
    const id = this.#options.id === undefined ? {} : { verb_id: this.#options.id };
    const body = { ...callInfo(caller), translation: { ...translation, vendor: { name: made.vendor } }, ...id };
    const answer = await link.request(this.#options.hook, 'verb:hook', body);
    if (!answer.ok || !Array.isArray(answer.body) || answer.body.length === 0 || caller.end !== undefined) return;
    const replaced = script.replace(answer.body);
    if (!replaced.ok) caller.note('application.refused', { faults: replaced.faults });
  }
}

/** Ours, or where jambonz applications have them. */
function languagesOf(wanted: JsonObject, recognizer: JsonObject | undefined): string[] {
  const theirs = (recognizer?.['speechmaticsOptions'] ?? {}) as { translation_config?: { target_languages?: unknown } };
  const list = wanted['languages'] ?? wanted['language'] ?? theirs.translation_config?.target_languages;
  return [list]
    .flat()
    .filter((each): each is string => typeof each === 'string' && /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(each))
    .slice(0, MOST_LANGUAGES);
}

function text(name: 'vendor' | 'label', value: unknown): TranslationChoice {
  return typeof value === 'string' && value !== '' ? { [name]: value.slice(0, 200) } : {};
}
