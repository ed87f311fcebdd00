/** What a leg says, as words: a tap of the studio joined to a recogniser. Ends by close(), with its leg, or when nobody
 * can hear any more; never touches the call. */
import { messageOf, PcmRingReader, type Timer } from '../base/index.ts';
import type { HearingChoice, Recognition, Transcript, VoiceGate } from '../ports/index.ts';
import type { Leg } from './leg.ts';

export type HearingOptions = {
  readonly hearing: HearingChoice;
  readonly fallback?: HearingChoice;
  readonly gate?: VoiceGate;
  /** `mixed`: both parties of the bridge as one voice. */
  readonly source?: 'said' | 'mixed';
};

export type HearingListener = {
  readonly result: (transcript: Transcript) => void;
  /** A voice, before any word of it is known. */
  readonly speaking?: () => void;
  /** Nobody can hear any more; the alert was raised. */
  readonly failed?: (why: string) => void;
};

/** Sound goes over in pieces of so many ms. */
const PIECE_MS = 60;
/** What waits while this thread is busy, s. */
const WAITING_SECONDS = 4;
const RATE = 16_000;

let hearings = 0;

export class Hearing {
  readonly #leg: Leg;
  readonly #options: HearingOptions;
  readonly #listener: HearingListener;
  readonly #tap = `hearing-${++hearings}`;
  readonly #off: () => void;
  readonly #piece = new Int16Array((RATE * PIECE_MS * 4) / 1000);
  #state: 'opening' | 'hearing' | 'paused' | 'closed' = 'opening';
  #recognition: Recognition | undefined;
  #ring: PcmRingReader | undefined;
  #pump: Timer | undefined;

  /** Begins at once; what cannot begin says so by `failed`. */
  constructor(leg: Leg, options: HearingOptions, listener: HearingListener) {
    this.#leg = leg;
    this.#options = options;
    this.#listener = listener;
    this.#off = leg.events.on('ended', () => void this.close());
    void this.#open();
  }

  get state(): 'opening' | 'hearing' | 'paused' | 'closed' {
    return this.#state;
  }

  /** What is said from now on is not heard by anyone. */
  pause(): void {
    if (this.#state === 'hearing') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#ring?.skip();
    this.#state = 'hearing';
  }

  /** Resolves when the last words are told. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'hearing') this.#pass();
    this.#state = 'closed';
    this.#off();
    this.#pump?.cancel();
    this.#closeTap();
    await this.#recognition?.close();
  }

  async #open(): Promise<void> {
    const { media, services, callSid, identity } = this.#leg;
    if (media === undefined || this.#leg.end !== undefined) return this.#failed('the call has no audio');
    const { source = 'said', hearing, fallback, gate } = this.#options;
    try {
      const tap = { source, rate: RATE, seconds: WAITING_SECONDS } as const;
      const memory = await services.studio.openTap(media.endpoint, this.#tap, tap);
      if (this.#state === 'closed') return this.#closeTap();
      this.#ring = new PcmRingReader(memory);
    } catch (fault) {
      return this.#failed(messageOf(fault));
    }
    const { accountSid } = identity;
    const recognition = services.speech.open({
      accountSid,
      callSid,
      hearing,
      ...(fallback === undefined ? {} : { fallback }),
      ...(gate === undefined ? {} : { gate }),
    });
    recognition.events.on('result', (transcript) => this.#listener.result(transcript));
    recognition.events.on('speaking', () => this.#listener.speaking?.());
    recognition.events.on('failed', (why) => this.#failed(why));
    this.#recognition = recognition;
    this.#state = 'hearing';
    this.#pump = services.clock.every(PIECE_MS, `call ${callSid} hearing`, () => this.#pass());
  }

  #pass(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    if (this.#state === 'paused') return ring.skip();
    for (let count = ring.read(this.#piece); count > 0; count = ring.read(this.#piece))
      this.#recognition?.write(this.#piece.slice(0, count));
  }

  #failed(why: string): void {
    if (this.#state === 'closed') return;
    void this.close();
    this.#leg.note('hearing.failed', { why });
    this.#listener.failed?.(why);
  }

  #closeTap(): void {
    const { media, services, end } = this.#leg;
    if (media !== undefined && end === undefined) services.studio.closeTap(media.endpoint, this.#tap).catch(() => {});
  }
}
