/** Text to sound: cache, vendor, fallback vendor, alert. */
import { type Clock, messageOf } from '../base/index.ts';
import type { Alerts, Synthesis, SynthesisRequest, Synthesizer, VoiceChoice } from '../ports/index.ts';
import { SpeechCache } from './cache.ts';
import { VendorFault, type Voice } from './vendor.ts';
import { type Pcm, writeSpeechWav } from './wav.ts';

/** Finds who speaks for an account. Throws a VendorFault when nobody does. */
export type FindVoice = (accountSid: string, choice: VoiceChoice) => { voice: Voice; credential: string };

type Parts = {
  readonly clock: Clock;
  readonly alerts: Alerts;
  readonly cache: SpeechCache;
  readonly find: FindVoice;
  readonly timeoutMs: number;
};

/** Characters of one request; vendors refuse longer ones, and so does patience. */
const MOST_TEXT = 20_000;
/** Texts of one account at work at once: a flood of one account must not take the others' vendors' time. */
const MOST_AT_WORK = 64;

type Made = { readonly path: string; readonly cached: boolean };

export class Speaking implements Synthesizer {
  readonly #parts: Parts;
  /** By cache key: who asks for what is being made waits for it. */
  readonly #making = new Map<string, Promise<Made>>();
  readonly #atWork = new Map<string, number>();
  readonly #stopping = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async synthesise(request: SynthesisRequest, signal: AbortSignal): Promise<Synthesis> {
    const { voice, fallback } = request;
    let last: Synthesis = { ok: false, reason: 'stopped', message: 'stopped' };
    for (const choice of fallback === undefined ? [voice] : [voice, fallback]) {
      if (signal.aborted) break;
      last = await this.#try(request, choice, signal);
      if (last.ok || last.reason === 'stopped') return last;
      this.#alarm(request, choice, last);
    }
    return last;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#making.values());
    await this.#parts.cache.close();
  }

  async #try(request: SynthesisRequest, choice: VoiceChoice, signal: AbortSignal): Promise<Synthesis> {
    try {
      if (request.text.length > MOST_TEXT)
        throw new VendorFault('refused', `the text is longer than ${MOST_TEXT} characters`);
      const { voice, credential } = this.#parts.find(request.accountSid, choice);
      const made = await beforeAbort(this.#made(request, choice, voice, credential), signal);
      return { ok: true, sound: { kind: 'file', path: made.path }, vendor: voice.name, cached: made.cached };
    } catch (fault) {
      const kind = fault instanceof VendorFault ? fault.kind : 'garbage';
      const reason = kind === 'unusable' ? 'no-voice' : kind === 'stopped' ? 'stopped' : 'failed';
      return { ok: false, reason, message: messageOf(fault) };
    }
  }

  async #made(request: SynthesisRequest, choice: VoiceChoice, voice: Voice, credential: string): Promise<Made> {
    const { language, voice: name, gender, engine, options } = choice;
    const key = SpeechCache.key([voice.name, credential, language, name, gender, engine, options, request.text]);
    const { cache } = this.#parts;
    if (request.fresh !== true) {
      const path = await cache.get(key);
      if (path !== undefined) return { path, cached: true };
    }
    const id = request.fresh === true ? `${key} ${request.callSid}` : key;
    let making = this.#making.get(id);
    if (making === undefined) {
      making = this.#make(request, choice, voice).then(async (sound) => {
        const wav = writeSpeechWav(sound);
        return { path: request.fresh === true ? await cache.once(wav) : await cache.put(key, wav), cached: false };
      });
      this.#making.set(id, making);
      making.finally(() => this.#making.delete(id)).catch(() => {});
    }
    return making;
  }

  /** Asks the vendor, with an end to patience. The one who asked may have gone: what is made is kept for the next. */
  async #make({ accountSid, text }: SynthesisRequest, choice: VoiceChoice, voice: Voice): Promise<Pcm> {
    const { clock, timeoutMs } = this.#parts;
    const atWork = this.#atWork.get(accountSid) ?? 0;
    if (atWork >= MOST_AT_WORK)
      throw new VendorFault('refused', `${MOST_AT_WORK} texts of this account are being spoken already`);
    this.#atWork.set(accountSid, atWork + 1);
    const giveUp = new AbortController();
    const timer = clock.after(timeoutMs, `tts ${voice.name}`, () => giveUp.abort());
    const signal = AbortSignal.any([giveUp.signal, this.#stopping.signal]);
    const late = new VendorFault('timeout', `${voice.name} gave no sound within ${timeoutMs} ms`);
    try {
      const sound = await beforeAbort(voice.synthesise(text, choice, signal), signal, late);
      if (sound.pcm.length === 0) throw new VendorFault('garbage', `${voice.name} gave an empty sound`);
      return sound;
    } catch (fault) {
      throw giveUp.signal.aborted ? late : fault;
    } finally {
      timer.cancel();
      const left = (this.#atWork.get(accountSid) ?? 1) - 1;
      if (left > 0) this.#atWork.set(accountSid, left);
      else this.#atWork.delete(accountSid);
    }
  }

  #alarm({ accountSid, callSid }: SynthesisRequest, choice: VoiceChoice, failed: Synthesis): void {
    if (failed.ok) return;
    const type = failed.reason === 'no-voice' ? 'no-tts' : 'tts-failure';
    const detail = `vendor ${choice.vendor ?? 'default'}`;
    this.#parts.alerts.raise({ accountSid, callSid, type, message: failed.message, detail });
  }
}

/** The work, or `fault` as soon as the signal aborts. The work goes on unheard. */
function beforeAbort<T>(
  work: Promise<T>,
  signal: AbortSignal,
  fault = new VendorFault('stopped', 'stopped'),
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(fault);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
