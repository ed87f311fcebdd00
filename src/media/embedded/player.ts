import type { PlayProgress } from '../../ports/index.ts';

/** Samples in a packet of sound we make: 20 ms. */
export const FRAME = 160;

/** Mono samples that may still be decoded elsewhere: so many are ready, and whether that is all. */
export type Samples = {
  /** Hz. */
  readonly rate: number;
  readonly samples: Int16Array;
  readonly ready: number;
  readonly ended: boolean;
  readonly fault: string | undefined;
};

/** What stalled goes on when so much is there: it would only stall again. */
const CUSHION_SECONDS = 0.3;

/** Of what progress and places are told in, Hz. */
const TOLD_RATE = 8000;

/** A sound being played: a run of samples, some rounds of it, perhaps a limit. */
export class Player {
  readonly name: string;
  readonly rate: number;
  readonly #sound: Samples;
  #rounds: number;
  #left: number;
  #at: number;
  #played = 0;
  /** Samples of silence in place of what has not come; 0 while it comes. */
  #starved = 0;

  /** `rounds` and `limitMs` may be Infinity. The first round begins at sample `from` of 8 kHz. */
  // oxlint-disable-next-line max-params -- a sound and how it is played
  constructor(name: string, sound: Samples, rounds: number, limitMs: number, from = 0) {
    this.name = name;
    this.rate = sound.rate;
    this.#sound = sound;
    this.#rounds = rounds;
    this.#left = Math.ceil((limitMs * sound.rate) / 1000);
    this.#at = Math.round((from * sound.rate) / TOLD_RATE);
    // Without a single sample there is nothing to go round.
    if (sound.ended && sound.ready === 0) this.#rounds = 0;
  }

  /** How much was heard, and where in the sound that ended. */
  get progress(): PlayProgress {
    const told = (samples: number): number => Math.round((samples * TOLD_RATE) / this.rate);
    return { samples: told(this.#played), position: told(this.#at) };
  }

  get fault(): string | undefined {
    const { fault } = this.#sound;
    return fault === undefined ? undefined : `the sound ends before its time: ${fault}`;
  }

  /** How long nothing has come of a sound that is not all there, ms. */
  get starvedMs(): number {
    return (this.#starved * 1000) / this.rate;
  }

  get over(): boolean {
    return this.#rounds <= 0 || this.#left <= 0;
  }

  /** The next samples, as many as `into` holds, the end of a round running into the next without a gap. Silence after
   * the end, and where the decoder is not so far yet. */
  take(into: Int16Array): void {
    const { samples, ended } = this.#sound;
    // In this order: what ended does not grow.
    const { ready } = this.#sound;
    if (!ended && this.#starves(ready - this.#at)) {
      this.#starved += into.length;
      into.fill(0);
      return;
    }
    for (let i = 0; i < into.length; i++) {
      if (this.#at >= ready && ended) this.#nextRound();
      if (this.#rounds <= 0 || this.#left <= 0 || this.#at >= ready) {
        into[i] = 0;
        continue;
      }
      into[i] = samples[this.#at++]!;
      this.#played++;
      this.#left--;
    }
    if (this.#at >= ready && ended && this.#rounds <= 1) this.#nextRound();
  }

  #starves(there: number): boolean {
    if (this.over) return false;
    const enough = this.#starved === 0 ? 1 : this.rate * CUSHION_SECONDS;
    if (there < enough) return true;
    this.#starved = 0;
    return false;
  }

  /** What is broken is not played again. */
  #nextRound(): void {
    this.#starved = 0;
    this.#rounds = this.#sound.fault === undefined ? this.#rounds - 1 : 0;
    if (this.#rounds > 0) this.#at = 0;
  }
}
