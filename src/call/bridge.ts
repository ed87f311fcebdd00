/** Two legs that hear each other. Passes hold from one to the other, and digits that came by INFO. */
import type { Leg } from './leg.ts';
import { held } from './leg-media.ts';

export class Bridge {
  readonly #a: Leg;
  readonly #b: Leg;
  readonly #off: (() => void)[] = [];
  #state: 'open' | 'closed' = 'open';
  #path: 'relay' | 'studio' | undefined;

  readonly #passDigits: boolean;

  /** `passDigits` false: what either party presses by INFO is not for the other. */
  constructor(a: Leg, b: Leg, { passDigits = true } = {}) {
    this.#a = a;
    this.#b = b;
    this.#passDigits = passDigits;
  }

  /** Which way audio takes, once open. */
  get path(): 'relay' | 'studio' | undefined {
    return this.#path;
  }

  async open(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    if (a.media === undefined || b.media === undefined) return;
    this.#off.push(
      a.events.on('direction', () => void b.redirectMedia(a.wantedOfOther)),
      b.events.on('direction', () => void a.redirectMedia(b.wantedOfOther)),
      a.events.on('digit', (digit, ms, source) => this.#pass(b, { digit, ms, source })),
      b.events.on('digit', (digit, ms, source) => this.#pass(a, { digit, ms, source })),
    );
    const { path } = await a.services.media.bridge(a.media.endpoint, b.media.endpoint);
    this.#path = path;
    a.note('media.bridged', { path, with: b.callSid, codecs: [a.media.codec?.codec, b.media.codec?.codec] });
  }

  /** Once: the legs may be in other bridges by the time this is called again. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const off of this.#off.splice(0)) off();
    for (const leg of [this.#a, this.#b]) {
      if (leg.media !== undefined && leg.end === undefined)
        void leg.services.media.unbridge(leg.media.endpoint).catch(() => {});
    }
  }

  /** RTP digits are relayed with the audio; those that came by INFO must be said to the other side in its own way. */
  #pass(to: Leg, press: { digit: string; ms: number; source: 'rtp' | 'info' }): void {
    if (press.source === 'rtp' || !this.#passDigits || held(to.media?.negotiation.agreement?.direction)) return;
    to.media?.sendDigits(press.digit, press.ms).catch(() => {});
  }
}
