/** One listen from its beep to its end: used by the verb and by dial. */
import { callInfo, type Leg, Listening, type ListenEnd } from '../../call/index.ts';
import type { Timer } from '../../base/index.ts';
import type { Sound, TapSource } from '../../ports/index.ts';
import type { ListenOptions } from '../schema/schema.ts';
import type { TaskContext } from '../task.ts';
import { Transcription } from './transcription.ts';

const sources: Readonly<Record<ListenOptions['mixType'], TapSource>> = { mono: 'said', stereo: 'both', mixed: 'mixed' };
const beep: Sound = { kind: 'tone', frequencies: [1500], levelDb: -12, cadence: [{ on: 500, off: 0 }] };
const BEEP_MS = 500;

export type ListenParts = {
  /** Whose endpoint is listened to. */
  readonly leg: Leg;
  /** The call that the first frame describes. */
  readonly described: Leg;
};

export class ListenRun {
  readonly #context: TaskContext;
  readonly #options: ListenOptions;
  readonly #parts: ListenParts;
  readonly #startedAt: number;
  readonly #off: (() => void)[] = [];
  #limit: Timer | undefined;
  #listening: Listening | undefined;
  #finishKey: string | undefined;
  #stopped = false;

  constructor(context: TaskContext, options: ListenOptions, parts: ListenParts) {
    this.#context = context;
    this.#options = options;
    this.#parts = parts;
    this.#startedAt = context.session.services.clock.monotonic();
  }

  /** Resolves when it is over. Never rejects. */
  async run(): Promise<ListenEnd> {
    const { leg } = this.#parts;
    if (this.#stopped) return 'stopped';
    if (this.#options.playBeep) leg.media?.play({ sound: beep, loop: 1, limitMs: BEEP_MS });
    this.#listening = new Listening(leg, this.#plan());
    this.#followKeys(this.#listening);
    this.#limitLength();
    const writing = this.#transcribe();
    const end = await this.#listening.ended;
    void writing?.close();
    this.#limit?.cancel();
    for (const off of this.#off) off();
    return end;
  }

  stop(): void {
    this.#stopped = true;
    this.#listening?.stop();
  }

  /** What an actionHook is told. */
  result(): Record<string, unknown> {
    const ms = this.#context.session.services.clock.monotonic() - this.#startedAt;
    const digits = this.#finishKey === undefined ? {} : { digits: this.#finishKey };
    return { dial_call_duration: Math.round(ms / 1000), ...digits };
  }

  /** Beside the sound: the same party's words, or those of both as one voice where both are sent mixed. */
  #transcribe(): Transcription | undefined {
    const { transcribe, mixType, channel } = this.#options;
    if (transcribe === undefined || !transcribe.enable) return undefined;
    if ((transcribe.transcriptionHook ?? transcribe.translationHook) === undefined) return undefined;
    const source = mixType === 'mixed' ? 'mixed' : 'said';
    const side = { leg: this.#parts.leg, channel, source } as const;
    return new Transcription(this.#context.session, { ...transcribe, id: undefined }, [side]);
  }

  #plan(): ConstructorParameters<typeof Listening>[1] {
    const { url, wsAuth, mixType, sampleRate, metadata, back, timeout } = this.#options;
    return {
      url,
      auth: wsAuth,
      base: this.#context.session.application?.callHook,
      source: sources[mixType],
      rate: sampleRate,
      hello: { ...camelCase(callInfo(this.#parts.described)), sampleRate, mixType, ...metadata },
      back,
      silenceMs: timeout === undefined ? undefined : timeout * 1000,
    };
  }

  #followKeys(listening: Listening): void {
    const { passDtmf, finishOnKey } = this.#options;
    if (!passDtmf && finishOnKey === '') return;
    const off = this.#parts.leg.events.on('digit', (digit, duration) => {
      if (passDtmf) listening.sendText(JSON.stringify({ event: 'dtmf', dtmf: digit, duration }));
      if (!finishOnKey.includes(digit) || this.#finishKey !== undefined) return;
      this.#finishKey = digit;
      listening.stop();
    });
    this.#off.push(off);
  }

  #limitLength(): void {
    const { maxLength } = this.#options;
    if (maxLength === undefined) return;
    const { clock } = this.#context.session.services;
    const label = `call ${this.#parts.leg.callSid} listen length`;
    this.#limit = clock.after(maxLength * 1000, label, () => this.#listening?.stop());
  }
}

/** call_sid → callSid. Only the names: what customers put in is theirs. */
function camelCase(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(body);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}
