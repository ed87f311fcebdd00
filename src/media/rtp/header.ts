/** RTP fixed header, RFC 3550 §5.1.
 *
 *    0                   1                   2                   3
 *   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *   |                           timestamp                           |
 *   |                             SSRC                              |
 *   |                       CSRC (0 to 15)                          |
 */
export const RTP_HEADER_BYTES = 12;
/** Larger than any audio packet we take; also the bound of every packet buffer. */
export const MAX_PACKET_BYTES = 1500;

export type RtpHeader = {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
};

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Where the payload begins, counted from `at`; -1 when this is not a whole RTP packet. */
export function payloadOffset(bytes: Uint8Array, at: number, length: number): number {
  if (length < RTP_HEADER_BYTES || length > MAX_PACKET_BYTES) return -1;
  const first = bytes[at]!;
  if (first >>> 6 !== 2) return -1;
  if ((first & 0x1f) === 0) return RTP_HEADER_BYTES;
  let offset = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (offset + 4 > length) return -1;
    offset += 4 + readU16(bytes, at + offset + 2) * 4;
  }
  return offset > length ? -1 : offset;
}

/** The payload's length with padding taken off (RFC 3550 §5.1, P bit); -1 when the padding count is impossible. */
export function payloadLength(bytes: Uint8Array, at: number, length: number): number {
  const offset = payloadOffset(bytes, at, length);
  if (offset < 0) return -1;
  if ((bytes[at]! & 0x20) === 0) return length - offset;
  const padding = bytes[at + length - 1]!;
  return padding === 0 || padding > length - offset ? -1 : length - offset - padding;
}

/** Reads a header; undefined when this is not RTP. */
export function readRtp(bytes: Uint8Array): (RtpHeader & { readonly payload: Uint8Array }) | undefined {
  const size = payloadLength(bytes, 0, bytes.length);
  if (size < 0) return undefined;
  const offset = payloadOffset(bytes, 0, bytes.length);
  return {
    payloadType: bytes[1]! & 0x7f,
    marker: bytes[1]! >= 0x80,
    sequence: readU16(bytes, 2),
    timestamp: readU32(bytes, 4),
    ssrc: readU32(bytes, 8),
    payload: bytes.subarray(offset, offset + size),
  };
}

/** Writes a header without extension, CSRC or padding. */
export function writeRtp(bytes: Uint8Array, at: number, header: RtpHeader): void {
  bytes[at] = 0x80;
  bytes[at + 1] = header.payloadType | (header.marker ? 0x80 : 0);
  writeU16(bytes, at + 2, header.sequence);
  writeU32(bytes, at + 4, header.timestamp);
  writeU32(bytes, at + 8, header.ssrc);
}
