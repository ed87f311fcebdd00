/** Two legs that hear each other. Passes hold from one to the other, and digits that came by INFO. */
import type { Leg } from './leg.ts';
import { keyWayOf, pressKeys, sayByInfo } from './keys.ts';
import { held } from './leg-media.ts';

export class Bridge {
  readonly #a: Leg;
  readonly #b: Leg;
  readonly #off: (() => void)[] = [];
  /** apart: both legs are there, but do not hear each other for a moment. */
  #state: 'open' | 'apart' | 'closed' = 'open';
  #closing: () => void = () => {};
  #path: 'relay' | 'studio' | undefined;

  readonly #passesHold: boolean;
  readonly #passesDigits: boolean;

  /** `passHold` false: when one holds, the other is not told; somebody plays to it. `passDigits` false: what either party
   * presses by INFO is not for the other. */
  constructor(a: Leg, b: Leg, options: { passHold?: boolean; passDigits?: boolean } = {}) {
    this.#passesHold = options.passHold ?? true;
    this.#passesDigits = options.passDigits ?? true;
    this.#a = a;
    this.#b = b;
  }

  /** Which way audio takes, once open. */
  get path(): 'relay' | 'studio' | undefined {
    return this.#path;
  }

  async open(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    if (a.media === undefined || b.media === undefined) return;
    if (this.#passesHold)
      this.#off.push(
        a.events.on('direction', () => void b.redirectMedia(a.wantedOfOther)),
        b.events.on('direction', () => void a.redirectMedia(b.wantedOfOther)),
      );
    this.#off.push(
      a.events.on('digit', (digit, ms, source) => this.#pass(b, { digit, ms, source })),
      b.events.on('digit', (digit, ms, source) => this.#pass(a, { digit, ms, source })),
    );
    const { path } = await a.services.media.bridge(a.media.endpoint, b.media.endpoint);
    // Closed meanwhile: the legs are nobody's, or in another bridge.
    if (this.#state === 'closed') return;
    a.bridge = this;
    b.bridge = this;
    // Who takes keys in INFO is not to get them in the audio too.
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      if (keyWayOf(to) === 'info') this.#hold(from);
    this.#path = path;
    // A hold that was passed on in another bridge is none of this one's.
    a.tellDirection(this.#passesHold ? b.wantedOfOther : 'sendrecv');
    b.tellDirection(this.#passesHold ? a.wantedOfOther : 'sendrecv');
    a.note('media.bridged', { path, with: b.callSid, codecs: [a.media.codec?.codec, b.media.codec?.codec] });
  }

  /** The legs no longer hear each other, until rejoin(). False: they do not now. `closing` is told when the bridge is
   * over meanwhile. */
  async part(closing: () => void): Promise<boolean> {
    if (this.#state !== 'open' || this.#a.media === undefined) return false;
    this.#state = 'apart';
    this.#closing = closing;
    await this.#a.services.media.unbridge(this.#a.media.endpoint);
    return true;
  }

  async rejoin(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    if (this.#state !== 'apart' || a.media === undefined || b.media === undefined) return;
    this.#state = 'open';
    this.#closing = () => {};
    await a.services.media.bridge(a.media.endpoint, b.media.endpoint);
  }

  /** Once: the legs may be in other bridges by the time this is called again. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closing();
    for (const off of this.#off.splice(0)) off();
    for (const leg of [this.#a, this.#b]) {
      if (leg.bridge === this) leg.bridge = undefined;
      if (leg.media !== undefined && leg.end === undefined)
        void leg.services.media.unbridge(leg.media.endpoint).catch(() => {});
    }
  }

  #hold({ media, services }: Leg): void {
    if (media === undefined) return;
    const hold = (on: boolean) => void services.studio.holdDigits(media.endpoint, on).catch(() => {});
    hold(true);
    this.#off.push(() => hold(false));
  }

  /** RTP digits are relayed with the audio; those that came by INFO must be said to the other side in its own way. */
  #pass(to: Leg, press: { digit: string; ms: number; source: 'rtp' | 'info' }): void {
    const relayed = press.source === 'rtp' && keyWayOf(to) !== 'info';
    if (relayed || !this.#passesDigits || held(to.media?.negotiation.agreement?.direction)) return;
    // While the media does not pass here a key can only be said as it came.
    if (to.takesReinvite !== undefined) void sayByInfo(to, press.digit, press.ms);
    else pressKeys(to, press.digit, press.ms).catch(() => {});
  }
}
