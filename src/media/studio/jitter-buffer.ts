/** Received packets wait here until their turn: put in order, late ones refused, missing ones found out.
 *
 *   push ──► slot (sequence mod 32) ──► next: PACKET | GAP (later ones are here) | NONE (nothing is here)
 *
 * How long they wait is the reader's affair (said.ts); how long they should is measured here. */
import { Lateness } from './lateness.ts';

const SLOTS = 32;
const SLOT_BYTES = 1500;
/** A sequence number that is further off than this, either way, begins a new run: RFC 3550 A.1 has 100 and 3000. */
const MAX_LATE = 100;
const MAX_AHEAD = 3000;

const EMPTY = 0;
const SOUND = 1;
const NOISE = 2;
const NOTHING = 3;

export const NONE = 0;
export const GAP = 1;
export const PACKET = 2;

/** What a packet is: numbers, filled in for each packet by the one who pushes. */
export type Arrival = {
  bytes: Uint8Array;
  at: number;
  length: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  type: number;
  clockRate: number;
};

export class JitterBuffer {
  readonly lateness = new Lateness();
  readonly bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly #kinds = new Uint8Array(SLOTS);
  readonly #lengths = new Uint16Array(SLOTS);
  readonly #types = new Uint8Array(SLOTS);
  #next = 0;
  #last = 0;
  #ssrc = -1;
  /** Unwrapped media time, for clocks that wrap at 2^32. */
  #timestamp = 0;
  #mediaMs = 0;
  /** Packets that came too late or found no room. */
  dropped = 0;
  /** When the newest packet came, and how late it was. */
  newestAt = 0;
  newestLate = 0;

  constructor(jitterMs = 0) {
    this.lateness.restart(jitterMs);
  }

  /** From the next in turn to the newest, missing ones included. */
  get span(): number {
    return this.#ssrc < 0 ? 0 : ((this.#last - this.#next + 1) << 16) >> 16;
  }

  sound(packet: Arrival, now: number): void {
    this.#measure(packet, now);
    this.#put(packet, SOUND, now);
  }

  /** Comfort noise: takes its turn, and says how loud silence is. */
  noise(packet: Arrival, now: number): void {
    this.#put(packet, NOISE, now);
  }

  /** A packet with a number but without sound (a key): not lost, nothing to play. */
  nothing(packet: Arrival, now: number): void {
    this.#put(packet, NOTHING, now);
  }

  /** What is in turn. */
  get turn(): typeof NONE | typeof GAP | typeof PACKET {
    if (this.span <= 0) return NONE;
    return this.#kinds[this.#next % SLOTS] === EMPTY ? GAP : PACKET;
  }

  /** Of the packet in turn. */
  get at(): number {
    return (this.#next % SLOTS) * SLOT_BYTES;
  }

  get length(): number {
    return this.#lengths[this.#next % SLOTS]!;
  }

  get type(): number {
    return this.#types[this.#next % SLOTS]!;
  }

  get isSound(): boolean {
    return this.#kinds[this.#next % SLOTS] === SOUND;
  }

  get isNoise(): boolean {
    return this.#kinds[this.#next % SLOTS] === NOISE;
  }

  /** Is the one after a missing packet here, and sound? Then it may hold a copy of it. */
  get soundAfterGap(): boolean {
    return this.span > 1 && this.#kinds[(this.#next + 1) % SLOTS] === SOUND;
  }

  get atAfterGap(): number {
    return ((this.#next + 1) % SLOTS) * SLOT_BYTES;
  }

  get lengthAfterGap(): number {
    return this.#lengths[(this.#next + 1) % SLOTS]!;
  }

  get typeAfterGap(): number {
    return this.#types[(this.#next + 1) % SLOTS]!;
  }

  /** The turn passes. */
  step(): void {
    this.#kinds[this.#next % SLOTS] = EMPTY;
    this.#next = (this.#next + 1) & 0xffff;
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#kinds.fill(EMPTY);
    this.#ssrc = -1;
  }

  #measure(packet: Arrival, now: number): void {
    const moved = ((packet.timestamp - this.#timestamp) | 0) / (packet.clockRate / 1000);
    this.#timestamp = packet.timestamp;
    this.#mediaMs += moved;
    this.lateness.add(now, this.#mediaMs);
  }

  #put(packet: Arrival, kind: number, now: number): void {
    const { sequence, ssrc, length } = packet;
    if (ssrc !== this.#ssrc) this.#begin(sequence, ssrc);
    let ahead = ((sequence - this.#next) << 16) >> 16;
    if (ahead < -MAX_LATE || ahead > MAX_AHEAD) {
      this.#begin(sequence, ssrc);
      ahead = 0;
    }
    if (ahead < 0 || length > SLOT_BYTES) {
      this.dropped++;
      return;
    }
    // No room: the oldest goes, for what is newest is nearest to now.
    for (let over = Math.min(SLOTS, ahead - SLOTS + 1); over > 0; over--) this.#forget();
    if (ahead >= SLOTS) this.#next = (sequence - SLOTS + 1) & 0xffff;
    const slot = sequence % SLOTS;
    if (this.#kinds[slot] !== EMPTY) return;
    this.#store(packet, slot, kind);
    if (((sequence - this.#last) << 16) >> 16 <= 0) return;
    this.#last = sequence;
    this.newestAt = now;
    this.newestLate = this.lateness.last;
  }

  #store(packet: Arrival, slot: number, kind: number): void {
    const { bytes, at, length } = packet;
    const to = slot * SLOT_BYTES;
    for (let i = 0; i < length; i++) this.bytes[to + i] = bytes[at + i]!;
    this.#kinds[slot] = kind;
    this.#lengths[slot] = length;
    this.#types[slot] = packet.type;
  }

  #forget(): void {
    if (this.#kinds[this.#next % SLOTS] !== EMPTY) this.dropped++;
    this.step();
  }

  #begin(sequence: number, ssrc: number): void {
    this.#kinds.fill(EMPTY);
    this.#ssrc = ssrc;
    this.#next = sequence;
    this.#last = (sequence - 1) & 0xffff;
  }
}
