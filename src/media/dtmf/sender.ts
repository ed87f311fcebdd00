import { writeU16 } from '../rtp/header.ts';
import { DIGIT_GAP_MS, eventOf } from './digits.ts';

const GAP_FRAMES = DIGIT_GAP_MS / 20;
/** The end is sent three times, so that losing one loses nothing: RFC 4733 §2.5.1.4. */
const END_PACKETS = 3;
const VOLUME = 10;
const MAX_WAITING = 256;

/** Digits going out as telephone-event packets, one packet a frame: RFC 4733 §2.5.1. */
export class DigitSender {
  #digits: string;
  readonly #frame: number;
  readonly #total: number;
  #index = 0;
  #duration = 0;
  #ends = 0;
  #gap = 0;

  /** `rate`: Hz of the events' clock. A key that its 16 bits of duration cannot hold is cut short. */
  constructor(digits: string, durationMs: number, rate = 8000) {
    this.#digits = digits;
    this.#frame = rate / 50;
    this.#total = Math.min(0xffff, Math.round((Math.max(40, durationMs) * rate) / 1000));
  }

  get over(): boolean {
    return this.#index >= this.#digits.length;
  }

  /** More keys behind those that are waiting. */
  add(digits: string): void {
    if (this.#digits.length - this.#index + digits.length <= MAX_WAITING) this.#digits += digits;
  }

  /** This frame is the first packet of a key: it has the marker and fixes the timestamp. */
  get starts(): boolean {
    return this.#duration === 0 && this.#gap === 0;
  }

  /** Writes this frame's four bytes; false in the silence between keys. */
  frame(bytes: Uint8Array, at: number): boolean {
    if (this.over) return false;
    if (this.#gap > 0) {
      this.#gap--;
      return false;
    }
    this.#duration = Math.min(this.#total, this.#duration + this.#frame);
    const ended = this.#duration === this.#total;
    bytes[at] = eventOf(this.#digits[this.#index]!);
    bytes[at + 1] = VOLUME | (ended ? 0x80 : 0);
    writeU16(bytes, at + 2, this.#duration);
    if (ended && ++this.#ends === END_PACKETS) this.#next();
    return true;
  }

  #next(): void {
    this.#index++;
    this.#duration = 0;
    this.#ends = 0;
    this.#gap = GAP_FRAMES;
  }
}
