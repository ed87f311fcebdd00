/** A phone's SRTP keys in one call: offered, answered, changed. RFC 4568. */
import { randomBytes } from 'node:crypto';
import { chooseCrypto, type CryptoLine, freshKey, type SrtpKeys, type SrtpSuite, srtpSuites } from '../sdp/index.ts';
import type { PhoneSdp } from './sdp.ts';

/** The suites a phone may speak. */
export const srtpSuiteNames = Object.keys(srtpSuites) as readonly SrtpSuite[];

export class PhoneKeys {
  readonly #suite: SrtpSuite | undefined;
  #own: CryptoLine | undefined;

  /** `suite`: the one it speaks; undefined: none. */
  constructor(suite: SrtpSuite | undefined) {
    this.#suite = suite;
  }

  /** Our line in an offer. */
  get offered(): CryptoLine | undefined {
    return this.#suite === undefined ? undefined : this.#ours(this.#own?.tag ?? 1, this.#suite);
  }

  /** Our line in an answer; 'refused' when the other side wants what we cannot. */
  answered(offer: PhoneSdp): CryptoLine | undefined | 'refused' {
    if (!offer.secure) return undefined;
    const far = this.#farLine(offer);
    return far === undefined ? 'refused' : this.#ours(far.tag, far.suite);
  }

  /** What both sides said; undefined: in the clear. */
  agreed(far: PhoneSdp): SrtpKeys | undefined {
    const line = far.secure ? this.#farLine(far) : undefined;
    if (line === undefined) return undefined;
    const { suite, masterKey } = this.#ours(line.tag, line.suite);
    return { send: { suite, masterKey }, receive: { suite: line.suite, masterKey: line.masterKey } };
  }

  /** From the next SDP on we send with another key. */
  renew(): void {
    const { tag = 1 } = this.#own ?? {};
    if (this.#suite !== undefined) this.#own = { tag, ...freshKey(this.#suite, randomBytes) };
  }

  #farLine(sdp: PhoneSdp): CryptoLine | undefined {
    const line = chooseCrypto(sdp.crypto.filter((value) => value.includes(` ${this.#suite} `)));
    return typeof line === 'string' ? undefined : line;
  }

  #ours(tag: number, suite: SrtpSuite): CryptoLine {
    const kept = this.#own?.suite === suite ? this.#own : freshKey(suite, randomBytes);
    this.#own = { ...kept, tag };
    return this.#own;
  }
}
