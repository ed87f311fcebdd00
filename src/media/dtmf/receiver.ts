import { readU16 } from '../rtp/header.ts';
import { DIGITS } from './digits.ts';

/** An event whose packets stop without an end is over after this long: RFC 4733 §2.5.1.5 leaves the time to us. */
export const LOST_END_MS = 200;

/** Finds pressed keys in telephone-event packets, each once, whatever was lost or repeated: RFC 4733 §2.5. */
export class DigitReceiver {
  readonly #report: (digit: string, durationMs: number) => void;
  #timestamp = -1;
  #event = -1;
  #duration = 0;
  #at = 0;
  #open = false;
  /** Hz of the events' clock. */
  rate = 8000;
  /** When a key was last told, monotonic ms. */
  toldAt = Number.NEGATIVE_INFINITY;

  constructor(report: (digit: string, durationMs: number) => void) {
    this.#report = report;
  }

  /** A key is down and its end has not been seen. */
  get open(): boolean {
    return this.#open;
  }

  /** Takes one packet's four bytes: event, E R volume, duration. */
  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for a packet
  packet(bytes: Uint8Array, at: number, length: number, timestamp: number, now: number): void {
    if (length < 4) return;
    const event = bytes[at]!;
    if (event >= DIGITS.length) return;
    if (timestamp !== this.#timestamp) {
      // A late packet of a key already told must not start it again.
      if (this.#timestamp >= 0 && ((timestamp - this.#timestamp) | 0) < 0 && now - this.#at < 1000) return;
      this.#end();
      this.#timestamp = timestamp;
      this.#event = event;
      this.#duration = 0;
      this.#open = true;
    }
    if (!this.#open || event !== this.#event) return;
    this.#at = now;
    this.#duration = Math.max(this.#duration, readU16(bytes, at + 2));
    if (bytes[at + 1]! >= 0x80) this.#end();
  }

  /** Ends an event whose end was lost. */
  tick(now: number): void {
    if (this.#open && now - this.#at >= LOST_END_MS) this.#end();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.toldAt = this.#at;
    this.#report(DIGITS[this.#event]!, Math.round((this.#duration * 1000) / this.rate));
  }
}
