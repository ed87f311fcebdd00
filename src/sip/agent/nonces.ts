/** Nonces that need no memory until they are used: time (monotonic, the key is this process's too) and a keyed hash. Their
 * counts are remembered, so that none is used twice. RFC 7616 §3.3, §5.4. */
import { createHmac } from 'node:crypto';
import type { Clock, Random } from '../../base/index.ts';
import { sameSecret } from '../message/index.ts';

/** Counts kept at once; the oldest go first, and what is older than they were counts as stale. */
const memory = 50_000;

export class Nonces {
  readonly #clock: Clock;
  readonly #key: Buffer;
  readonly #lifeMs: number;
  /** Highest count seen of each nonce in use, in order of first use. */
  readonly #counts = new Map<string, { nc: number; at: number }>();
  /** Nonces made before this are refused as stale: their counts are forgotten. */
  #horizon = -1;

  constructor(clock: Clock, random: Random, lifeSeconds: number) {
    this.#clock = clock;
    this.#key = random.bytes(32);
    this.#lifeMs = lifeSeconds * 1000;
  }

  make(realm: string): string {
    const at = Math.floor(this.#clock.monotonic()).toString(36);
    return `${at}.${this.#seal(at, realm)}`;
  }

  /** `bad`: not one of ours. `stale`: ours, but too old, or its count was used. */
  check(nonce: string, realm: string): 'good' | 'stale' | 'bad' {
    const dot = nonce.indexOf('.');
    const stamp = nonce.slice(0, dot);
    if (dot <= 0 || dot > 12 || nonce.length > 64) return 'bad';
    if (!sameSecret(nonce.slice(dot + 1), this.#seal(stamp, realm))) return 'bad';
    const at = Number.parseInt(stamp, 36);
    const now = this.#clock.monotonic();
    return at > now || now - at > this.#lifeMs || at <= this.#horizon ? 'stale' : 'good';
  }

  /** Takes a count into use; false when it, or a later one, was used before. Call only once the digest proved right. */
  use(nonce: string, nc: number): boolean {
    const known = this.#counts.get(nonce);
    if (known !== undefined) {
      if (nc <= known.nc) return false;
      known.nc = nc;
      return true;
    }
    this.#forgetOld();
    this.#counts.set(nonce, { nc, at: Number.parseInt(nonce, 36) });
    return true;
  }

  #forgetOld(): void {
    const oldest = this.#clock.monotonic() - this.#lifeMs;
    for (const [nonce, { at }] of this.#counts) {
      if (at >= oldest && this.#counts.size < memory) return;
      this.#counts.delete(nonce);
      if (at >= oldest) this.#horizon = Math.max(this.#horizon, at);
    }
  }

  #seal(stamp: string, realm: string): string {
    return createHmac('sha256', this.#key).update(`${stamp} ${realm}`).digest('base64url').slice(0, 24);
  }
}
