import type { Packet } from './packet.ts';
import { readU16, readU32, writeU16, writeU32 } from './header.ts';

const FRAME_MS = 20;
/** A pause before the studio's first frame that is its own delay, not the far end's silence. */
const MAX_JOIN_MS = 250;
const MAX_STEP = 3000;
/** A relayed timestamp further than this from where the clock says it should be is a restart of the source. */
const MAX_SKEW_MS = 5000;

/** The one stream an endpoint sends. Whatever feeds it (a bridged stream, a tone, digits), the far end sees one SSRC,
 * one run of sequence numbers and one timeline: RFC 3550 §5.1. Lost and reordered packets stay lost and reordered. */
export class Outgoing {
  readonly ssrc: number;
  packets = 0;
  bytes = 0;
  payloadBytes = 0;
  /** How long packets that we make are: `timestamp` is where the last one began. */
  packetMs = FRAME_MS;
  /** Last timestamp and when it was due, for sender reports and for the next source. */
  timestamp: number;
  at = -1;
  #sequence: number;
  #source = -1;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #sourceMax = 0;
  #sourceFirst = 0;
  #rate = 8000;

  constructor(ssrc: number, sequence: number, timestamp: number) {
    this.ssrc = ssrc;
    this.#sequence = sequence;
    this.timestamp = timestamp;
  }

  /** The next packet begins a new source, whatever its SSRC: after a gap that is not the network's. */
  cut(): void {
    this.#source = -1;
  }

  /** Rewrites a received packet's header in place for this stream. False: it is older than the source's first; drop it. */
  relay(packet: Packet, now: number, payloadType: number, rate: number): boolean {
    const { bytes, at } = packet;
    const sequence = readU16(bytes, at + 2);
    const timestamp = readU32(bytes, at + 4);
    const ssrc = readU32(bytes, at + 8);
    let marker = bytes[at + 1]! & 0x80;
    if (ssrc !== this.#source || this.#leaps(sequence, timestamp, now)) {
      this.#splice(ssrc, sequence, timestamp, now, rate);
      marker = 0x80;
    }
    const step = ((sequence - this.#sourceMax) << 16) >> 16;
    if (step < 0 && ((sequence - this.#sourceFirst) << 16) >> 16 < 0) return false;
    const mapped = (timestamp + this.#timestampOffset) >>> 0;
    const number = (sequence + this.#sequenceOffset) & 0xffff;
    if (step >= 0) {
      this.packetMs = FRAME_MS;
      this.#sourceMax = sequence;
      this.#sequence = number;
      if (((mapped - this.timestamp) | 0) > 0) this.timestamp = mapped;
      this.at = now;
    }
    this.#write(packet, payloadType | marker, number, mapped);
    return true;
  }

  /** Begins something we make ourselves and returns its first timestamp. */
  begin(now: number, rate: number): number {
    this.#source = -1;
    this.timestamp = this.#next(now, rate);
    this.at = now;
    return this.timestamp;
  }

  /** As `begin`, for sound that goes on where the relayed sound was: it comes later than that did, but it lacks nothing,
   * so its timeline has no hole. */
  join(now: number, rate: number): number {
    const follows = this.at >= 0 && now - this.at < MAX_JOIN_MS;
    if (!follows) return this.begin(now, rate);
    this.#source = -1;
    this.timestamp = (this.timestamp + Math.round((this.packetMs * rate) / 1000)) >>> 0;
    this.at = now;
    return this.timestamp;
  }

  /** A received packet is kept from the far end on purpose: those after it close the row. */
  leaveOut(packet: Packet): void {
    const { bytes, at } = packet;
    const sequence = readU16(bytes, at + 2);
    if (readU32(bytes, at + 8) !== this.#source || ((sequence - this.#sourceMax) & 0xffff) !== 1) return;
    this.#sourceMax = sequence;
    this.#sequenceOffset = (this.#sequenceOffset - 1) & 0xffff;
  }

  /** Writes the header of a packet we make ourselves: the next number, this timestamp. */
  make(packet: Packet, payloadType: number, timestamp: number, now: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (((timestamp - this.timestamp) | 0) > 0) this.timestamp = timestamp >>> 0;
    this.at = now;
    packet.bytes[packet.at] = 0x80;
    this.#write(packet, payloadType, this.#sequence, timestamp);
  }

  #write(packet: Packet, second: number, sequence: number, timestamp: number): void {
    const { bytes, at } = packet;
    bytes[at + 1] = second;
    writeU16(bytes, at + 2, sequence);
    writeU32(bytes, at + 4, timestamp);
    writeU32(bytes, at + 8, this.ssrc);
    this.packets++;
    this.bytes += packet.length;
    this.payloadBytes += packet.length - 12;
  }

  #leaps(sequence: number, timestamp: number, now: number): boolean {
    const step = ((sequence - this.#sourceMax) << 16) >> 16;
    if (step > MAX_STEP || step < -MAX_STEP) return true;
    const moved = (((timestamp + this.#timestampOffset) >>> 0) - this.timestamp) | 0;
    const skew = (moved * 1000) / this.#rate - (now - this.at);
    return skew > MAX_SKEW_MS || skew < -MAX_SKEW_MS;
  }

  // oxlint-disable-next-line max-params -- numbers, not an object: this may run for a packet
  #splice(ssrc: number, sequence: number, timestamp: number, now: number, rate: number): void {
    this.#rate = rate;
    this.#source = ssrc;
    this.#sourceFirst = sequence;
    this.#sourceMax = sequence;
    this.#sequenceOffset = (this.#sequence + 1 - sequence) & 0xffff;
    this.#timestampOffset = this.#next(now, rate) - timestamp;
  }

  /** Where the timeline goes on: as far ahead as time has passed, at least one frame. */
  #next(now: number, rate: number): number {
    if (this.at < 0) return this.timestamp;
    // A longer packet went out when its last frame was there.
    const passed = Math.max(FRAME_MS, Math.min(now - this.at, 3_600_000)) + this.packetMs - FRAME_MS;
    return (this.timestamp + Math.round((passed * rate) / 1000)) >>> 0;
  }
}
