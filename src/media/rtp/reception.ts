import type { Packet } from './packet.ts';
import { readU16, readU32 } from './header.ts';

const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEQ_MOD = 65536;

/** What is known of the stream we receive: RFC 3550 appendix A.1 (sequence), A.3 (loss), A.8 (jitter). Figures of earlier
 * SSRCs and of streams that restarted are kept in the totals. */
export class Reception {
  ssrc = 0;
  packets = 0;
  bytes = 0;
  /** Milliseconds, monotonic, of the last packet. */
  lastAt = 0;
  #started = false;
  #base = 0;
  #max = 0;
  #cycles = 0;
  #bad = -1;
  #received = 0;
  #lostBefore = 0;
  #transit = 0;
  #hasTransit = false;
  #jitter = 0;
  #jitterMsBefore = 0;
  #rate = 8000;
  #expectedPrior = 0;
  #receivedPrior = 0;

  /** Counts one accepted packet. `rate` 0: a packet whose timestamp says nothing about timing (an event). */
  add(packet: Pick<Packet, 'bytes' | 'at' | 'length'>, now: number, rate: number): void {
    const { bytes, at } = packet;
    const sequence = readU16(bytes, at + 2);
    const ssrc = readU32(bytes, at + 8);
    this.packets++;
    this.bytes += packet.length;
    this.lastAt = now;
    if (!this.#started || ssrc !== this.ssrc) this.#restart(ssrc, sequence);
    else this.#order(sequence);
    this.#received++;
    if (rate > 0) this.#time(readU32(bytes, at + 4), now, rate);
  }

  /** Highest sequence number with its cycles: RFC 3550 §6.4.1. */
  get extendedHighest(): number {
    return this.#cycles + this.#max;
  }

  get lost(): number {
    return Math.max(0, this.#lostBefore + this.#lostNow);
  }

  get expected(): number {
    return this.packets + this.lost;
  }

  get lostPercent(): number | undefined {
    return this.packets === 0 ? undefined : (100 * this.lost) / this.expected;
  }

  /** RFC 3550 §6.4.1, milliseconds. */
  get jitterMs(): number | undefined {
    if (!this.#hasTransit) return this.packets === 0 ? undefined : this.#jitterMsBefore;
    return (this.#jitter * 1000) / this.#rate;
  }

  /** Jitter in timestamp units, for a report block. */
  get jitterUnits(): number {
    return Math.floor(this.#jitter);
  }

  /** Lost packets of this SSRC, and the share lost since the last call in 1/256 (RFC 3550 A.3). */
  interval(): { fraction: number; lost: number } {
    const expected = this.#started ? this.extendedHighest - this.#base + 1 : 0;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const fraction =
      expectedInterval <= 0 || lostInterval <= 0 ? 0 : Math.floor((lostInterval * 256) / expectedInterval);
    return { fraction: Math.min(255, fraction), lost: Math.min(0x7fffff, Math.max(0, expected - this.#received)) };
  }

  get #lostNow(): number {
    return this.#started ? this.extendedHighest - this.#base + 1 - this.#received : 0;
  }

  #restart(ssrc: number, sequence: number): void {
    this.#lostBefore += Math.max(0, this.#lostNow);
    if (this.#hasTransit) this.#jitterMsBefore = (this.#jitter * 1000) / this.#rate;
    this.#started = true;
    this.ssrc = ssrc;
    this.#base = sequence;
    this.#max = sequence;
    this.#cycles = 0;
    this.#bad = -1;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#hasTransit = false;
  }

  #order(sequence: number): void {
    const ahead = (sequence - this.#max) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#max) this.#cycles += SEQ_MOD;
      this.#max = sequence;
      this.#bad = -1;
    } else if (ahead <= SEQ_MOD - MAX_MISORDER) {
      // A jump: two in a row mean that the far end restarted its numbering (RFC 3550 A.1).
      if (sequence === this.#bad) this.#restart(this.ssrc, sequence);
      else this.#bad = (sequence + 1) & 0xffff;
    }
  }

  #time(timestamp: number, now: number, rate: number): void {
    if (rate !== this.#rate) {
      this.#rate = rate;
      this.#hasTransit = false;
    }
    const transit = ((now * rate) / 1000 - timestamp) % 4294967296;
    if (this.#hasTransit) {
      let d = Math.abs(transit - this.#transit);
      if (d > 2147483648) d = 4294967296 - d;
      // A timestamp that leaps says nothing about the network: begin anew.
      if (d < rate * 5) this.#jitter += (d - this.#jitter) / 16;
    } else this.#jitter = 0;
    this.#transit = transit;
    this.#hasTransit = true;
  }
}
