/** What turns one packet into its protected form and back, in its place. Knows one key's ciphers and nothing of streams:
 * which rollover counter, which index, and whether it came before is its callers' business. */
import type { Packet } from '../rtp/packet.ts';

/** Of SRTCP: the packet is encrypted. RFC 3711 §3.4. */
export const ENCRYPTED = 0x80000000;
export const RTCP_HEADER_BYTES = 8;

export interface Transform {
  /** Octets that a packet grows by. */
  readonly rtpGrowth: number;
  readonly rtcpGrowth: number;
  /** `offset`: where the payload begins, from the packet's start. There is room for the growth. */
  sealRtp(packet: Packet, offset: number, roc: number): void;
  /** Takes the protection off. False, and not one octet is changed, when its tag is not right. */
  openRtp(packet: Packet, offset: number, roc: number): boolean;
  sealRtcp(packet: Packet, index: number): void;
  openRtcp(packet: Packet): boolean;
  /** The word with the E bit and the index, of a protected packet that is long enough to have one. */
  rtcpWord(packet: Packet): number;
}
