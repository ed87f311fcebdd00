import type { SrtpKey } from '../../sdp/index.ts';
import { readU16, readU32 } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { extended } from './index-of.ts';
import { ReplayWindow } from './replay.ts';
import { RollOvers } from './roll-overs.ts';
import { ENCRYPTED, RTCP_HEADER_BYTES, type Transform } from './transform.ts';
import { transformOf } from './transform-of.ts';

/** What became of a packet. */
export const OPENED = 0;
export const FORGED = 1;
export const REPLAYED = 2;
export type Verdict = typeof OPENED | typeof FORGED | typeof REPLAYED;

/** A far end has one source at a time and a new one when it starts anew; so many of them are remembered. */
const MAX_SOURCES = 32;
/** So many packets of a stream that was under way prove where it is. */
const MAX_SEARCHED = 256;

/** What came of each source. A source is known only once a packet of it had the right tag. */
class Sources {
  readonly #windows = new Map<number, ReplayWindow>();

  of(ssrc: number): ReplayWindow | undefined {
    return this.#windows.get(ssrc);
  }

  begin(ssrc: number, index: number): void {
    if (this.#windows.size >= MAX_SOURCES) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    const window = new ReplayWindow();
    window.add(index);
    this.#windows.set(ssrc, window);
  }
}

/** The far end's key, and the streams that come in under it. */
export class SrtpReceiver {
  readonly transform: Transform;
  readonly #rtp = new Sources();
  readonly #rtcp = new Sources();
  /** Where a stream is that another process received before. */
  #search: RollOvers | undefined;
  #searched = 0;

  /** `underWayMs`: so long ago another process may have begun to receive under this key. */
  constructor(key: SrtpKey, underWayMs?: number) {
    this.transform = transformOf(key);
    this.#search = underWayMs === undefined ? undefined : new RollOvers(underWayMs);
  }

  /** Takes the protection off, in place. Nothing is learned from a packet that is not opened. */
  open(packet: Packet, offset: number): Verdict {
    const window = this.#rtp.of(readU32(packet.bytes, packet.at + 8));
    const verdict = window === undefined ? this.#first(packet, offset) : this.#next(packet, offset, window);
    return this.#search === undefined ? verdict : this.#underWay(packet, offset, verdict);
  }

  openRtcp(packet: Packet): Verdict {
    if (packet.length < RTCP_HEADER_BYTES + this.transform.rtcpGrowth) return FORGED;
    const word = this.transform.rtcpWord(packet);
    const index = word >= ENCRYPTED ? word - ENCRYPTED : word;
    const ssrc = readU32(packet.bytes, packet.at + 4);
    const window = this.#rtcp.of(ssrc);
    if (window?.has(index) === true) return REPLAYED;
    if (!this.transform.openRtcp(packet)) return FORGED;
    if (window === undefined) this.#rtcp.begin(ssrc, index);
    else window.add(index);
    return OPENED;
  }

  #next(packet: Packet, offset: number, window: ReplayWindow): Verdict {
    const index = extended(readU16(packet.bytes, packet.at + 2), window.highest);
    if (index < 0 || window.has(index)) return REPLAYED;
    if (!this.transform.openRtp(packet, offset, Math.floor(index / 65536))) return FORGED;
    window.add(index);
    return OPENED;
  }

  /** What does not open by the counter we believe in may be further on: whoever sends us an old packet again before the
   * first new one must not make us deaf. */
  #underWay(packet: Packet, offset: number, verdict: Verdict): Verdict {
    if (verdict === OPENED) {
      if (++this.#searched >= MAX_SEARCHED) this.#search = undefined;
      return verdict;
    }
    const { bytes, at } = packet;
    const sequence = readU16(bytes, at + 2);
    const ssrc = readU32(bytes, at + 8);
    const window = this.#rtp.of(ssrc);
    const highest = window?.highest ?? -1;
    const roc = this.#search?.find(
      (each) => each * 65536 + sequence > highest && this.transform.openRtp(packet, offset, each),
    );
    if (roc === undefined || roc < 0) return verdict;
    if (window === undefined) this.#rtp.begin(ssrc, roc * 65536 + sequence);
    else window.add(roc * 65536 + sequence);
    return OPENED;
  }

  /** A source that nobody knows begins with a rollover counter of 0; where its first packets got lost about the end of
   * the numbers, with 1. */
  #first(packet: Packet, offset: number): Verdict {
    const { bytes, at } = packet;
    const sequence = readU16(bytes, at + 2);
    const ssrc = readU32(bytes, at + 8);
    for (let roc = 0; roc <= (sequence < 0x8000 ? 1 : 0); roc++) {
      if (!this.transform.openRtp(packet, offset, roc)) continue;
      this.#rtp.begin(ssrc, roc * 65536 + sequence);
      return OPENED;
    }
    return FORGED;
  }
}
