import { decoder, type G711 } from '../codec/g711.ts';
import { RATE } from '../tone/generate.ts';

/** How much sound waits for late packets before it is given out, and how much fits at most, in samples. */
const SETTLE = (RATE * 400) / 1000;
const WINDOW = RATE * 3;
/** Least sound in a chunk, unless it is the last. */
const CHUNK = RATE / 2;
/** Media clock and arrival may differ by this much (jitter, drift) before the channel is aligned anew. */
const SKEW = (RATE * 120) / 1000;

class Channel {
  ssrc = -1;
  offset = 0;
  /** Where the next frame goes. */
  next = 0;
}

/** Sound of two channels, put in place by its RTP timestamps and aligned with each other by arrival. */
export class Recorder {
  /** Endpoints that speak into it. */
  ears = 0;
  #startedAt: number;
  readonly #limit: number;
  readonly #ring = new Int16Array(WINDOW * 2);
  readonly #channels: readonly Channel[] = [new Channel(), new Channel()];
  #given = 0;
  #paused: { readonly at: number; readonly silence: boolean } | undefined;

  constructor(startedAt: number, maxSeconds: number) {
    this.#startedAt = startedAt;
    this.#limit = Math.floor(maxSeconds * RATE);
  }

  /** All that may be recorded has been. */
  get full(): boolean {
    return this.#given >= this.#limit;
  }

  /** Puts a payload in its place. */
  // oxlint-disable-next-line max-params -- numbers, not an object: this runs for every packet of a recorded call
  add(
    channel: number,
    codec: G711,
    bytes: Uint8Array,
    at: number,
    length: number,
    timestamp: number,
    ssrc: number,
    now: number,
  ): void {
    if (this.#paused !== undefined) return;
    const state = this.#channels[channel]!;
    const arrival = Math.round(this.#passed(now));
    let position = (timestamp + state.offset) | 0;
    if (ssrc !== state.ssrc || Math.abs(position - arrival) > SKEW) {
      state.ssrc = ssrc;
      state.offset = (arrival - timestamp) | 0;
      position = arrival;
    }
    const map = decoder(codec);
    const from = Math.max(0, this.#given - position);
    const to = Math.min(length, this.#given + WINDOW - position);
    for (let i = from; i < to; i++) this.#ring[((position + i) % WINDOW) * 2 + channel] = map[bytes[at + i]!]!;
  }

  /** Puts 20 ms of decoded sound behind those before it. */
  frame(channel: number, samples: Int16Array, now: number): void {
    if (this.#paused !== undefined) return;
    const state = this.#channels[channel]!;
    const arrival = Math.round(this.#passed(now));
    if (Math.abs(state.next - arrival) > SKEW) state.next = arrival;
    const position = state.next;
    state.next += samples.length;
    const from = Math.max(0, this.#given - position);
    const to = Math.min(samples.length, this.#given + WINDOW - position);
    for (let i = from; i < to; i++) this.#ring[((position + i) % WINDOW) * 2 + channel] = samples[i]!;
  }

  /** Stops listening: what is said meanwhile is silence in the recording, or is not in it at all. */
  pause(now: number, silence: boolean): void {
    this.resume(now);
    this.#paused = { at: now, silence };
  }

  resume(now: number): void {
    if (this.#paused?.silence === false) this.#startedAt += now - this.#paused.at;
    this.#paused = undefined;
  }

  /** The settled sound, interleaved; undefined while it is too little to bother. */
  take(now: number, all: boolean): Int16Array | undefined {
    const passed = Math.floor(this.#passed(now));
    const until = Math.min(this.#limit, all ? passed : passed - SETTLE);
    const count = Math.min(until - this.#given, WINDOW);
    if (count <= 0 || (!all && count < CHUNK && until < this.#limit)) return undefined;
    const chunk = new Int16Array(count * 2);
    for (let i = 0; i < count; i++) {
      const at = ((this.#given + i) % WINDOW) * 2;
      chunk[i * 2] = this.#ring[at]!;
      chunk[i * 2 + 1] = this.#ring[at + 1]!;
      this.#ring[at] = 0;
      this.#ring[at + 1] = 0;
    }
    this.#given += count;
    return chunk;
  }

  /** Recorded time so far, in samples. */
  #passed(now: number): number {
    const until = this.#paused?.silence === false ? this.#paused.at : now;
    return ((until - this.#startedAt) * RATE) / 1000;
  }
}
