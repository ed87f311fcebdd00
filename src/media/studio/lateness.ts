/** How late packets of a stream come, and so how deep a jitter buffer must be.
 *
 * The transit of the fastest packet is the yardstick; what each other packet took more is its lateness. A histogram that
 * forgets gives the lateness that all but a few stay below. */

const BUCKET_MS = 5;
const BUCKETS = 80;
/** The share of packets that shall be in time. */
const IN_TIME = 0.98;
/** What a packet weighs more than the one before it: half is forgotten in about 7 s of 20 ms packets. */
const FORGET = 1.002;
const MOST_WEIGHT = 1e12;
/** The yardstick follows a far clock that runs slower by this much a packet, ms. */
const CREEP_MS = 0.01;
/** A transit that differs by more is another timeline, not a late packet. */
const LEAP_MS = 1000;
/** On top of what was measured; and the least there is, ms: our own beat is not exact either. */
const MARGIN_MS = 5;
const LEAST_MS = 10;

export class Lateness {
  readonly #weights = new Float64Array(BUCKETS);
  #weight = 1;
  #total = 0;
  #base = 0;
  #started = false;
  /** Of the newest packet, ms. */
  last = 0;
  /** ms of sound that must wait for late packets. */
  target = LEAST_MS;

  /** Nothing is known, except perhaps the jitter measured so far by others (RFC 3550 §6.4.1, ms). */
  restart(jitterMs = 0): void {
    this.#weights.fill(0);
    this.#weight = 1;
    this.#total = 0;
    this.#started = false;
    this.last = 0;
    this.target = Math.min(BUCKETS * BUCKET_MS, Math.max(LEAST_MS, 2 * jitterMs + MARGIN_MS));
  }

  /** A packet came at `now` whose timestamp says `mediaMs`. */
  add(now: number, mediaMs: number): void {
    const transit = now - mediaMs;
    if (!this.#started || Math.abs(transit - this.#base) > LEAP_MS) {
      this.#base = transit;
      this.#started = true;
    } else this.#base = Math.min(transit, this.#base + CREEP_MS);
    this.last = transit - this.#base;
    this.#count(Math.min(BUCKETS - 1, Math.floor(this.last / BUCKET_MS)));
  }

  #count(bucket: number): void {
    this.#weights[bucket]! += this.#weight;
    this.#total += this.#weight;
    this.#weight *= FORGET;
    if (this.#weight > MOST_WEIGHT) this.#scale();
    // A few packets say nothing yet: what was known before counts until then.
    const counted = this.#total / this.#weight;
    if (counted < 20) return;
    let left = this.#total * (1 - IN_TIME);
    let at = BUCKETS - 1;
    while (at > 0 && (left -= this.#weights[at]!) > 0) at--;
    this.target = Math.max(LEAST_MS, at === 0 ? LEAST_MS : (at + 1) * BUCKET_MS + MARGIN_MS);
  }

  #scale(): void {
    for (let i = 0; i < BUCKETS; i++) this.#weights[i]! /= MOST_WEIGHT;
    this.#total /= MOST_WEIGHT;
    this.#weight = 1;
  }
}
