import type { SrtpKey } from '../../sdp/index.ts';
import { readU16 } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { extended } from './index-of.ts';
import { ReplayWindow } from './replay.ts';
import type { Transform } from './transform.ts';
import { transformOf } from './transform-of.ts';

/** RFC 3711 §3.4: a key is good for so many packets of RTCP. */
const MAX_RTCP_INDEX = 0x7fffffff;

/** Our key, and the one stream that goes out under it. */
export class SrtpSender {
  readonly transform: Transform;
  readonly #sent = new ReplayWindow();
  #rtcpIndex = 0;

  constructor(key: SrtpKey) {
    this.transform = transformOf(key);
  }

  /** False: it must not go out. An index that was used before would show what both packets hold, and with GCM the key of
   * its tags (RFC 3711 §9.1, RFC 7714 §15.1): a far end in the clear must not be able to make us do that. */
  protect(packet: Packet, offset: number): boolean {
    const index = extended(readU16(packet.bytes, packet.at + 2), this.#sent.highest);
    if (index < 0 || this.#sent.has(index)) return false;
    this.#sent.add(index);
    this.transform.sealRtp(packet, offset, Math.floor(index / 65536));
    return true;
  }

  protectRtcp(packet: Packet): boolean {
    if (this.#rtcpIndex >= MAX_RTCP_INDEX) return false;
    this.transform.sealRtcp(packet, this.#rtcpIndex++);
    return true;
  }
}
