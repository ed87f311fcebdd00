import { readU16, readU32, writeU16, writeU32 } from './header.ts';

/** RTCP packet types, RFC 3550 §12.1. */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const NTP_EPOCH_SECONDS = 2208988800;

/** What a report says about what we sent. */
export type Heard = {
  readonly fractionLost: number;
  readonly lost: number;
  readonly jitter: number;
  readonly lastReport: number;
  readonly delay: number;
};

export type RtcpReport = {
  /** Who reports. */
  readonly ssrc: number;
  /** Middle 32 bits of the NTP time of a sender report; 0 in a receiver report. */
  readonly reportTime: number;
  /** The block about our SSRC, when there is one. */
  readonly heard: Heard | undefined;
  readonly goodbye: boolean;
};

/** What we say about ourselves and about what we hear. */
export type ReportInput = {
  readonly ssrc: number;
  readonly cname: Uint8Array;
  /** Wall clock, ms. */
  readonly wall: number;
  /** Set when we sent since the last report. */
  readonly sent: { readonly timestamp: number; readonly packets: number; readonly bytes: number } | undefined;
  readonly about:
    | {
        readonly ssrc: number;
        readonly fraction: number;
        readonly lost: number;
        readonly highest: number;
        readonly jitter: number;
        readonly lastReport: number;
        readonly delay: number;
      }
    | undefined;
  readonly goodbye: boolean;
};

/** NTP time in its middle 32 bits (RFC 3550 §4). */
export function ntpMiddle(wall: number): number {
  const seconds = Math.floor(wall / 1000) + NTP_EPOCH_SECONDS;
  const fraction = Math.floor(((wall % 1000) / 1000) * 65536);
  return (((seconds & 0xffff) << 16) | fraction) >>> 0;
}

/** Writes a compound packet (SR or RR, SDES, perhaps BYE) at 0 and returns its length. */
export function writeReport(bytes: Uint8Array, input: ReportInput): number {
  let at = 4;
  writeU32(bytes, at, input.ssrc);
  at += 4;
  if (input.sent !== undefined) {
    writeU32(bytes, at, Math.floor(input.wall / 1000) + NTP_EPOCH_SECONDS);
    writeU32(bytes, at + 4, Math.floor(((input.wall % 1000) / 1000) * 4294967296));
    writeU32(bytes, at + 8, input.sent.timestamp);
    writeU32(bytes, at + 12, input.sent.packets);
    writeU32(bytes, at + 16, input.sent.bytes);
    at += 20;
  }
  if (input.about !== undefined) {
    writeU32(bytes, at, input.about.ssrc);
    writeU32(bytes, at + 4, ((input.about.fraction << 24) | (input.about.lost & 0xffffff)) >>> 0);
    writeU32(bytes, at + 8, input.about.highest);
    writeU32(bytes, at + 12, input.about.jitter);
    writeU32(bytes, at + 16, input.about.lastReport);
    writeU32(bytes, at + 20, input.about.delay);
    at += 24;
  }
  head(bytes, 0, input.about === undefined ? 0 : 1, input.sent === undefined ? RECEIVER_REPORT : SENDER_REPORT);
  writeU16(bytes, 2, at / 4 - 1);
  at = writeDescription(bytes, at, input);
  if (!input.goodbye) return at;
  head(bytes, at, 1, GOODBYE);
  writeU16(bytes, at + 2, 1);
  writeU32(bytes, at + 4, input.ssrc);
  return at + 8;
}

function writeDescription(bytes: Uint8Array, start: number, input: ReportInput): number {
  head(bytes, start, 1, SOURCE_DESCRIPTION);
  writeU32(bytes, start + 4, input.ssrc);
  bytes[start + 8] = 1;
  bytes[start + 9] = input.cname.length;
  bytes.set(input.cname, start + 10);
  let at = start + 10 + input.cname.length;
  // The chunk ends with at least one zero byte, at a 32-bit boundary (RFC 3550 §6.5).
  do bytes[at++] = 0;
  while ((at - start) % 4 !== 0);
  writeU16(bytes, start + 2, (at - start) / 4 - 1);
  return at;
}

function head(bytes: Uint8Array, at: number, count: number, type: number): void {
  bytes[at] = 0x80 | count;
  bytes[at + 1] = type;
}

/** Reads a compound packet; undefined when it breaks the rules of RFC 3550 A.2. `ours` is the SSRC whose block we want. */
export function readReport(bytes: Uint8Array, start: number, length: number, ours: number): RtcpReport | undefined {
  if (length < 8 || length % 4 !== 0) return undefined;
  const first = bytes[start + 1]!;
  if (first !== SENDER_REPORT && first !== RECEIVER_REPORT) return undefined;
  const end = start + length;
  let goodbye = false;
  let heard: Heard | undefined;
  let reportTime = 0;
  for (let at = start; at < end;) {
    if (bytes[at]! >>> 6 !== 2 || at + 4 > end) return undefined;
    const next = at + 4 + readU16(bytes, at + 2) * 4;
    if (next > end) return undefined;
    const type = bytes[at + 1]!;
    if (type === SENDER_REPORT && next >= at + 28) reportTime = readU32(bytes, at + 10);
    if (type === SENDER_REPORT) heard ??= findBlock(bytes, at + 28, next, ours);
    else if (type === RECEIVER_REPORT) heard ??= findBlock(bytes, at + 8, next, ours);
    else if (type === GOODBYE) goodbye = true;
    at = next;
  }
  return { ssrc: readU32(bytes, start + 4), reportTime, heard, goodbye };
}

function findBlock(bytes: Uint8Array, start: number, end: number, ours: number): Heard | undefined {
  for (let at = start; at + 24 <= end; at += 24) {
    if (readU32(bytes, at) !== ours) continue;
    return {
      fractionLost: bytes[at + 4]!,
      lost: (readU32(bytes, at + 4) << 8) >> 8,
      jitter: readU32(bytes, at + 12),
      lastReport: readU32(bytes, at + 16),
      delay: readU32(bytes, at + 20),
    };
  }
  return undefined;
}

/** Round trip from a report block, ms (RFC 3550 §6.4.1, figure 2); undefined when the far end had no report of ours. */
export function roundTrip(heard: Heard, wall: number): number | undefined {
  if (heard.lastReport === 0) return undefined;
  const units = (ntpMiddle(wall) - heard.lastReport - heard.delay) | 0;
  const ms = (units * 1000) / 65536;
  // Clock granularity may give a hair below zero; anything far off is nonsense or a forgery.
  if (ms < -5 || ms > 60_000) return undefined;
  return Math.max(0, ms);
}
