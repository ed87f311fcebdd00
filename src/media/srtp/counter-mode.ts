import { readU16, readU32, writeU32 } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { Aes, layKeyStream } from './aes.ts';
import type { SessionKeys } from './derive.ts';
import { HmacSha1 } from './hmac-sha1.ts';
import { ENCRYPTED, RTCP_HEADER_BYTES, type Transform } from './transform.ts';

/** RTCP keeps the long tag whatever RTP has: RFC 3711 §5.2, RFC 4568 §6.2.2. */
const LONG_TAG = 10;
const WORD = 4;

/** One half of a key: cipher, salt and authenticator of RTP or of RTCP. */
class Half {
  readonly aes: Aes;
  readonly hmac: HmacSha1;
  readonly #salt: Int32Array;
  readonly #counter = new Int32Array(4);

  constructor({ encryption, authentication, salt }: SessionKeys) {
    this.aes = new Aes(encryption);
    this.hmac = new HmacSha1(authentication);
    const block = new Uint8Array(16);
    block.set(salt);
    const view = new DataView(block.buffer);
    this.#salt = Int32Array.from({ length: 4 }, (_, w) => view.getInt32(w * 4));
  }

  /** The first counter block: salt, SSRC, the upper 32 and the lower 16 bits of the index. RFC 3711 §4.1.1. */
  counter(ssrc: number, upper: number, lower: number): Int32Array {
    const counter = this.#counter;
    const salt = this.#salt;
    counter[0] = salt[0]!;
    counter[1] = salt[1]! ^ ssrc;
    counter[2] = salt[2]! ^ upper;
    counter[3] = salt[3]! ^ (lower << 16);
    return counter;
  }
}

/** AES in counter mode with HMAC-SHA1. RFC 3711 §4.1.1, §4.2.1; RFC 6188. */
export class CounterMode implements Transform {
  readonly rtpGrowth: number;
  readonly rtcpGrowth = WORD + LONG_TAG;
  readonly #rtp: Half;
  readonly #rtcp: Half;

  /** `tag`: octets of that of RTP. */
  constructor(rtp: SessionKeys, rtcp: SessionKeys, tag: number) {
    this.rtpGrowth = tag;
    this.#rtp = new Half(rtp);
    this.#rtcp = new Half(rtcp);
  }

  sealRtp(packet: Packet, offset: number, roc: number): void {
    const { bytes, at, length } = packet;
    this.#cipher(packet, offset, roc);
    const { hmac } = this.#rtp;
    hmac.sign(bytes, at, length, roc);
    putTag(bytes, at + length, hmac.digest, this.rtpGrowth);
    packet.length = length + this.rtpGrowth;
  }

  openRtp(packet: Packet, offset: number, roc: number): boolean {
    const { bytes, at } = packet;
    const length = packet.length - this.rtpGrowth;
    if (length < offset) return false;
    const { hmac } = this.#rtp;
    hmac.sign(bytes, at, length, roc);
    if (!isTag(bytes, at + length, hmac.digest, this.rtpGrowth)) return false;
    packet.length = length;
    this.#cipher(packet, offset, roc);
    return true;
  }

  sealRtcp(packet: Packet, index: number): void {
    const { bytes, at, length } = packet;
    this.#cipherRtcp(packet, index);
    writeU32(bytes, at + length, (index | ENCRYPTED) >>> 0);
    const { hmac } = this.#rtcp;
    hmac.sign(bytes, at, length + WORD);
    putTag(bytes, at + length + WORD, hmac.digest, LONG_TAG);
    packet.length = length + this.rtcpGrowth;
  }

  openRtcp(packet: Packet): boolean {
    const { bytes, at } = packet;
    const length = packet.length - LONG_TAG;
    const { hmac } = this.#rtcp;
    hmac.sign(bytes, at, length);
    if (!isTag(bytes, at + length, hmac.digest, LONG_TAG)) return false;
    const word = this.rtcpWord(packet);
    packet.length = length - WORD;
    if (word >= ENCRYPTED) this.#cipherRtcp(packet, word - ENCRYPTED);
    return true;
  }

  rtcpWord({ bytes, at, length }: Packet): number {
    return readU32(bytes, at + length - LONG_TAG - WORD);
  }

  #cipher(packet: Packet, offset: number, roc: number): void {
    const { bytes, at, length } = packet;
    const counter = this.#rtp.counter(readU32(bytes, at + 8), roc, readU16(bytes, at + 2));
    layKeyStream(this.#rtp.aes, counter, bytes, at + offset, length - offset);
  }

  #cipherRtcp(packet: Packet, index: number): void {
    const { bytes, at, length } = packet;
    const counter = this.#rtcp.counter(readU32(bytes, at + 4), index >>> 16, index & 0xffff);
    layKeyStream(this.#rtcp.aes, counter, bytes, at + RTCP_HEADER_BYTES, length - RTCP_HEADER_BYTES);
  }
}

function putTag(bytes: Uint8Array, at: number, digest: Int32Array, octets: number): void {
  for (let i = 0; i < octets; i++) bytes[at + i] = digest[i >> 2]! >>> (24 - (i & 3) * 8);
}

/** Looks at all of it whatever it finds: how long it takes tells a forger nothing. */
function isTag(bytes: Uint8Array, at: number, digest: Int32Array, octets: number): boolean {
  let difference = 0;
  for (let i = 0; i < octets; i++) difference |= bytes[at + i]! ^ ((digest[i >> 2]! >>> (24 - (i & 3) * 8)) & 0xff);
  return difference === 0;
}
