/** So many a second, a few of them at once. */
export class TokenBucket {
  #rate: number;
  #tokens: number;
  #at: number;

  /** `rate`: a second. `at`: monotonic ms. */
  constructor(rate: number, at: number) {
    this.#rate = rate;
    this.#tokens = 1;
    this.#at = at;
  }

  get rate(): number {
    return this.#rate;
  }

  /** What was gathered so far is kept, as far as the new rate allows. */
  change(rate: number, now: number): void {
    this.#fill(now);
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, this.#most);
  }

  take(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** A quarter of a second's worth: a server that stood still does not take all it missed at once. */
  get #most(): number {
    return Math.max(1, this.#rate / 4);
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
  }
}
