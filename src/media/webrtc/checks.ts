/** Connectivity checks towards a far end that is ICE-lite and makes none itself: we take the controlling role, look for it
 * where its candidates are, nominate what answers first, and ask on whether it still wants to hear us.
 * RFC 8445 §6.1.1, §7.2, §8.1.1; consent RFC 7675 §5.1. */
import type { Far } from '../rtp/packet.ts';
import { checkRequest, readAnswer } from './stun.ts';

export type Sought = {
  /** `theirs:ours`. */
  readonly username: string;
  /** Theirs: both directions of a check are proved with it. */
  readonly password: string;
  readonly candidates: readonly Far[];
};

export type ChecksOptions = {
  readonly send: (bytes: Uint8Array, far: Far) => void;
  readonly bytes: (length: number) => Buffer;
};

/** RFC 8445 §6.1.2.6. */
type PairState = 'waiting' | 'in-progress' | 'succeeded' | 'failed';
type Pair = { readonly far: Far; state: PairState; transaction: Buffer; sent: number; dueAt: number };

/** More of them are for no telephone call. */
export const MAX_CANDIDATES = 16;
/** Between two new checks: RFC 8445 §14.2. */
export const PACE_MS = 50;
/** Candidates may come a little later than the SDP, in INFO. */
export const TRICKLE_MS = 3000;
/** RFC 8489 §6.2.1: again after this, then twice as long … */
const RETRY_MS = 500;
/** … so often in all. With seven, as it says, half a minute would pass; the caller has hung up by then. */
const MOST_SENT = 6;
/** RFC 7675 §5.1: every 5 s, no more often than 4 and no more seldom than 6. */
const CONSENT_EVERY_MS = 5000;
export const CONSENT_ENDS_MS = 30_000;
const NO_TRANSACTION: Buffer = Buffer.alloc(0);

export class Checks {
  readonly #options: ChecksOptions;
  readonly #tieBreaker: Buffer;
  #sought: Sought | undefined;
  #pairs: Pair[] = [];
  #nominated: Far | undefined;
  #soughtAt = 0;
  #paceAt = 0;
  #consentAt = 0;
  #askAt = 0;
  #asked = NO_TRANSACTION;

  constructor(options: ChecksOptions) {
    this.#options = options;
    this.#tieBreaker = options.bytes(8);
  }

  /** The candidate that answered; what is sent goes there. */
  get nominated(): Far | undefined {
    return this.#nominated;
  }

  /** Where to look from now on. The same credentials: candidates that were not known are looked for beside the others. */
  seek(sought: Sought, now: number): void {
    const known = this.#sought;
    if (known?.username !== sought.username || known.password !== sought.password) {
      // A restart: where it was found is good until it is found again (RFC 8445 §9).
      this.#pairs = [];
      this.#asked = NO_TRANSACTION;
      this.#consentAt = now;
    }
    if (this.#sought === undefined) this.#soughtAt = now;
    this.#sought = sought;
    for (const far of sought.candidates) {
      const has = this.#pairs.some((each) => each.far.host === far.host && each.far.port === far.port);
      if (!has && this.#pairs.length < MAX_CANDIDATES)
        this.#pairs.push({ far, state: 'waiting', transaction: NO_TRANSACTION, sent: 0, dueAt: now });
    }
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (this.#sought === undefined) return;
    if (this.#found) return this.#consent(now);
    for (const pair of this.#pairs) {
      if (pair.state === 'in-progress' && now >= pair.dueAt) this.#again(pair, now);
      else if (pair.state === 'waiting' && now >= this.#paceAt) {
        this.#paceAt = now + PACE_MS;
        pair.state = 'in-progress';
        pair.transaction = this.#options.bytes(12);
        this.#again(pair, now);
      }
    }
  }

  /** An answer to a check of ours. True when it was one, and proved itself. */
  take(bytes: Buffer, from: Far, now: number): boolean {
    const { password } = this.#sought ?? {};
    const answer = password === undefined ? undefined : readAnswer(bytes, password);
    if (answer === undefined) return false;
    const { transaction, ok } = answer;
    // Only from where it was sent to: RFC 8445 §7.2.5.2.1.
    const same = ({ host, port }: Far): boolean => host === from.host && port === from.port;
    if (this.#nominated !== undefined && same(this.#nominated) && transaction.equals(this.#asked)) {
      if (ok) this.#consentAt = now;
      return true;
    }
    const pair = this.#pairs.find((each) => each.state === 'in-progress' && each.transaction.equals(transaction));
    if (pair === undefined || !same(pair.far)) return false;
    const found = this.#found;
    pair.state = ok ? 'succeeded' : 'failed';
    if (!ok || found) return true;
    this.#nominated = pair.far;
    this.#consentAt = now;
    this.#askAt = now + this.#consentPause();
    return true;
  }

  /** Why nothing may be sent any more; undefined while it may, or may come to. */
  lost(now: number): string | undefined {
    if (this.#sought === undefined) return undefined;
    if (this.#pairs.length === 0 && now - this.#soughtAt >= TRICKLE_MS)
      return 'ICE: none of the candidates of the far end may be used';
    if (this.#pairs.length > 0 && this.#pairs.every(({ state }) => state === 'failed'))
      return 'ICE: no candidate of the far end answers';
    if (this.#nominated === undefined || now - this.#consentAt < CONSENT_ENDS_MS) return undefined;
    return 'ICE: the far end takes back its consent';
  }

  get #found(): boolean {
    return this.#pairs.some(({ state }) => state === 'succeeded');
  }

  #again(pair: Pair, now: number): void {
    if (pair.sent === MOST_SENT) {
      pair.state = 'failed';
      return;
    }
    pair.dueAt = now + RETRY_MS * 2 ** pair.sent;
    pair.sent++;
    this.#send(pair.far, pair.transaction);
  }

  #consent(now: number): void {
    if (this.#nominated === undefined || now < this.#askAt) return;
    this.#askAt = now + this.#consentPause();
    this.#asked = this.#options.bytes(12);
    this.#send(this.#nominated, this.#asked);
  }

  #consentPause(): number {
    return CONSENT_EVERY_MS * (0.8 + 0.4 * (this.#options.bytes(1)[0]! / 255));
  }

  #send(far: Far, transaction: Buffer): void {
    const { username, password } = this.#sought!;
    this.#options.send(checkRequest({ username, password, transaction, tieBreaker: this.#tieBreaker }), far);
  }
}
