import { readU16, readU32, writeU32 } from '../rtp/header.ts';
import type { Packet } from '../rtp/packet.ts';
import { Aes, layKeyStream } from './aes.ts';
import type { SessionKeys } from './derive.ts';
import { Ghash } from './ghash.ts';
import { ENCRYPTED, RTCP_HEADER_BYTES, type Transform } from './transform.ts';

const TAG = 16;
const WORD = 4;
const NOTHING = new Uint8Array(0);

/** What a tag is worked out over. One of these for all packets of a thread. */
type Span = { bytes: Uint8Array; additional: number; additionalLength: number; text: number; textLength: number };
const SPAN: Span = { bytes: NOTHING, additional: 0, additionalLength: 0, text: 0, textLength: 0 };
/** Additional data that does not lie in one piece in a packet of RTCP. */
const APART = new Uint8Array(2048);

/** One half of a key: cipher, salt and hash of RTP or of RTCP. */
class Half {
  readonly #aes: Aes;
  readonly #ghash: Ghash;
  readonly #salt: Int32Array;
  readonly #counter = new Int32Array(4);
  readonly #tag = new Int32Array(4);

  constructor({ encryption, salt }: SessionKeys) {
    this.#aes = new Aes(encryption);
    this.#aes.encrypt(0, 0, 0, 0);
    this.#ghash = new Ghash(this.#aes.out);
    const view = new DataView(salt.buffer, salt.byteOffset, salt.length);
    this.#salt = Int32Array.from({ length: 3 }, (_, w) => view.getInt32(w * 4));
  }

  /** Two zero octets, SSRC, and six octets: ROC and sequence number, or two zeros and the index. RFC 7714 §8.1, §9.1. */
  begin(ssrc: number, upper: number, lower: number): void {
    const counter = this.#counter;
    const salt = this.#salt;
    counter[0] = salt[0]! ^ (ssrc >>> 16);
    counter[1] = salt[1]! ^ (((ssrc & 0xffff) << 16) | (upper >>> 16));
    counter[2] = salt[2]! ^ (((upper & 0xffff) << 16) | lower);
    counter[3] = 1;
    this.#aes.encrypt(counter[0]!, counter[1]!, counter[2]!, 1);
    this.#tag.set(this.#aes.out);
  }

  /** The text of the packet that `begin` was called for; also takes it off again. */
  cipher(bytes: Uint8Array, at: number, length: number): void {
    this.#counter[3] = 2;
    layKeyStream(this.#aes, this.#counter, bytes, at, length);
  }

  /** Of the encrypted text and what stands beside it. */
  tag(span: Span, additional: Uint8Array = span.bytes): Int32Array {
    const ghash = this.#ghash;
    ghash.reset();
    ghash.add(additional, span.additional, span.additionalLength);
    ghash.add(span.bytes, span.text, span.textLength);
    ghash.addLengths(span.additionalLength, span.textLength);
    for (let w = 0; w < 4; w++) this.#tag[w] = this.#tag[w]! ^ ghash.state[w]!;
    return this.#tag;
  }
}

/** AES in Galois/counter mode. RFC 7714. */
export class GaloisMode implements Transform {
  readonly rtpGrowth = TAG;
  readonly rtcpGrowth = TAG + WORD;
  readonly #rtp: Half;
  readonly #rtcp: Half;

  constructor(rtp: SessionKeys, rtcp: SessionKeys) {
    this.#rtp = new Half(rtp);
    this.#rtcp = new Half(rtcp);
  }

  sealRtp(packet: Packet, offset: number, roc: number): void {
    const { bytes, at, length } = packet;
    this.#rtp.begin(readU32(bytes, at + 8), roc, readU16(bytes, at + 2));
    this.#rtp.cipher(bytes, at + offset, length - offset);
    putTag(bytes, at + length, this.#rtp.tag(rtpSpan(packet, offset, length)));
    packet.length = length + TAG;
  }

  openRtp(packet: Packet, offset: number, roc: number): boolean {
    const { bytes, at } = packet;
    const length = packet.length - TAG;
    if (length < offset) return false;
    this.#rtp.begin(readU32(bytes, at + 8), roc, readU16(bytes, at + 2));
    if (!isTag(bytes, at + length, this.#rtp.tag(rtpSpan(packet, offset, length)))) return false;
    this.#rtp.cipher(bytes, at + offset, length - offset);
    packet.length = length;
    return true;
  }

  sealRtcp(packet: Packet, index: number): void {
    const { bytes, at, length } = packet;
    this.#rtcp.begin(readU32(bytes, at + 4), index >>> 16, index & 0xffff);
    this.#rtcp.cipher(bytes, at + RTCP_HEADER_BYTES, length - RTCP_HEADER_BYTES);
    writeU32(bytes, at + length + TAG, (index | ENCRYPTED) >>> 0);
    putTag(bytes, at + length, this.#rtcpTag(packet, length, at + length + TAG));
    packet.length = length + this.rtcpGrowth;
  }

  openRtcp(packet: Packet): boolean {
    const { bytes, at } = packet;
    const length = packet.length - this.rtcpGrowth;
    const word = this.rtcpWord(packet);
    const index = word >= ENCRYPTED ? word - ENCRYPTED : word;
    this.#rtcp.begin(readU32(bytes, at + 4), index >>> 16, index & 0xffff);
    if (!isTag(bytes, at + length, this.#rtcpTag(packet, length, at + length + TAG))) return false;
    if (word >= ENCRYPTED) this.#rtcp.cipher(bytes, at + RTCP_HEADER_BYTES, length - RTCP_HEADER_BYTES);
    packet.length = length;
    return true;
  }

  rtcpWord({ bytes, at, length }: Packet): number {
    return readU32(bytes, at + length - WORD);
  }

  /** Beside the text stand the header and the word behind the tag; of a packet that is not encrypted, all of it does
   * (RFC 7714 §9.2, §9.3). */
  #rtcpTag({ bytes, at }: Packet, length: number, word: number): Int32Array {
    const encrypted = bytes[word]! >= 0x80;
    const beside = Math.min(encrypted ? RTCP_HEADER_BYTES : length, APART.length - WORD);
    for (let i = 0; i < beside; i++) APART[i] = bytes[at + i]!;
    for (let i = 0; i < WORD; i++) APART[beside + i] = bytes[word + i]!;
    SPAN.bytes = bytes;
    SPAN.additional = 0;
    SPAN.additionalLength = beside + WORD;
    SPAN.text = at + beside;
    SPAN.textLength = length - beside;
    return this.#rtcp.tag(SPAN, APART);
  }
}

function rtpSpan({ bytes, at }: Packet, offset: number, length: number): Span {
  SPAN.bytes = bytes;
  SPAN.additional = at;
  SPAN.additionalLength = offset;
  SPAN.text = at + offset;
  SPAN.textLength = length - offset;
  return SPAN;
}

function putTag(bytes: Uint8Array, at: number, tag: Int32Array): void {
  for (let w = 0; w < 4; w++) writeU32(bytes, at + w * 4, tag[w]!);
}

/** Looks at all of it whatever it finds: how long it takes tells a forger nothing. */
function isTag(bytes: Uint8Array, at: number, tag: Int32Array): boolean {
  let difference = 0;
  for (let i = 0; i < TAG; i++) difference |= bytes[at + i]! ^ ((tag[i >> 2]! >>> (24 - (i & 3) * 8)) & 0xff);
  return difference === 0;
}
