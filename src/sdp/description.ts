/** SDP text ↔ the little of it that a voice call needs. The library does the grammar; bounds and sanity are ours
 * (attacks A9, E5): every number that comes out of here is in range. RFC 8866. */
import sdpTransform from 'sdp-transform';
import { Recent } from '../base/index.ts';
import { type CryptoLine, cryptoValues, printCrypto } from './crypto.ts';
import { onceFor } from './once.ts';
import { readHead, readPlain } from './plain.ts';
import { type IceLine, type LocalIce, printCandidate, printCredentials, readIce } from './ice.ts';
import { isWeb, type LocalWeb, printWebLine, printWebSession, readWeb, type WebLine } from './webrtc.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** A format of an m-line: payload type with its rtpmap. */
export type Format = {
  readonly payload: number;
  /** Upper-case encoding name. */
  readonly codec: string;
  readonly clockRate: number;
  readonly channels: number;
  readonly fmtp?: string;
};

/** One m-line. `port` 0: rejected or disabled. */
export type MediaLine = {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  /** IP literal or host name of the c-line in force. */
  readonly address: string;
  readonly rtcpPort?: number;
  /** RTCP may come to the port of RTP, RFC 5761. */
  readonly rtcpMux?: true;
  readonly direction: Direction;
  /** Packet length that the far end asks for, ms, within its maxptime. */
  readonly ptime?: number;
  readonly formats: readonly Format[];
  /** The format tokens as they stood, for echoing a line we reject. */
  readonly rawFormats: string;
  readonly mid?: string;
  /** ICE and DTLS, where the protocol is WebRTC's. */
  readonly web?: WebLine;
  /** Of a line of SRTP whose keys are in SDP: how it may be found. */
  readonly ice?: IceLine;
  /** Values of its a=crypto lines, as they stand. Secret. */
  readonly crypto?: readonly string[];
};

export type SessionDescription = { readonly media: readonly MediaLine[] };
export type SdpFault = { readonly ok: false; readonly fault: string };

const maxBytes = 32_768;
const maxLines = 16;
const maxFormats = 64;
const WEB = 'UDP/TLS/RTP/SAVPF';
const OFFERED_MID = '0';

/** Static payload types without rtpmap. RFC 3551 §6. */
const statics: ReadonlyMap<number, readonly [codec: string, clockRate: number]> = new Map([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [4, ['G723', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [13, ['CN', 8000]],
  [15, ['G728', 8000]],
  [18, ['G729', 8000]],
]);

type RawMedia = sdpTransform.MediaDescription & {
  type: string;
  port: number;
  protocol: string;
  payloads?: string;
  maxptime?: number;
};

type SdpRead = { readonly ok: true; readonly sdp: SessionDescription } | SdpFault;

/** What was read of plain bodies, by all that follows the port: a far end says the same of its codecs call after call. Address
 * and port are another call's, the lists are the same objects for all calls. Longer ones are read each time. */
const usual = new Recent<string, MediaLine>(256);
const longestUsual = 1024;

/** A body is read by routing and again by the offer/answer machine; the same bytes are parsed once. */
const memory = new WeakMap<Buffer, SdpRead>();

/** Reads a session description. Never throws. */
export function parseSdp(bytes: Buffer): SdpRead {
  let read = memory.get(bytes);
  if (read === undefined) {
    read = readSdp(bytes);
    memory.set(bytes, read);
  }
  return read;
}

function readSdp(bytes: Buffer): SdpRead {
  if (bytes.length > maxBytes) return fault(`SDP of ${bytes.length} bytes is larger than ${maxBytes}`);
  const text = bytes.toString('utf8');
  if (!text.startsWith('v=0')) return fault('SDP does not begin with v=0');
  if (text.includes('\0')) return fault('SDP contains NUL');
  return readUsual(text) ?? readWhole(text);
}

/** undefined: it is none that was read before. */
function readUsual(text: string): SdpRead | undefined {
  const head = text.length > longestUsual ? undefined : readHead(text);
  if (head === undefined) return undefined;
  const { address, port, rest } = head;
  const known = usual.get(rest);
  if (known !== undefined) return { ok: true, sdp: { media: [{ ...known, address, port }] } };
  const plain = readPlain(text) as unknown as sdpTransform.SessionDescription | undefined;
  const read = plain && readLines(plain, text);
  const [line] = read?.ok === true ? read.sdp.media : [];
  // An address of the line's own stands in the rest.
  if (line?.address === address && !/^c=/m.test(rest)) usual.set(rest, line);
  return read;
}

function readWhole(text: string): SdpRead {
  const raw = (readPlain(text) as unknown as sdpTransform.SessionDescription | undefined) ?? readAny(text);
  return raw === undefined ? fault('SDP cannot be read') : readLines(raw, text);
}

function readLines(raw: sdpTransform.SessionDescription, text: string): SdpRead {
  const lines = raw.media as RawMedia[];
  if (lines.length === 0) return fault('SDP has no m-line');
  if (lines.length > maxLines) return fault(`SDP has ${lines.length} m-lines, more than ${maxLines}`);
  const media: MediaLine[] = [];
  // The library keeps one of several parameters of a key: these lines are read from the text.
  const keys = text.includes('a=crypto:') ? cryptoValues(text) : [];
  for (const [at, line] of lines.entries()) {
    const read = readLine(line, raw);
    if (typeof read === 'string') return fault(read);
    const crypto = keys[at] ?? [];
    media.push(crypto.length === 0 ? read : { ...read, crypto });
  }
  return { ok: true, sdp: { media } };
}

function readAny(text: string): sdpTransform.SessionDescription | undefined {
  try {
    return sdpTransform.parse(text);
  } catch {
    return undefined;
  }
}

function fault(text: string): SdpFault {
  return { ok: false, fault: text };
}

function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535;
}

function readLine(line: RawMedia, session: sdpTransform.SessionDescription): MediaLine | string {
  if (!isPort(line.port)) return `m=${line.type} has a port out of range`;
  const connection = line.connection ?? session.connection;
  const address = connection?.ip ?? '';
  if (line.port !== 0 && address === '') return `m=${line.type} has no c-line`;
  const rawFormats = String(line.payloads ?? '');
  const tokens = rawFormats.split(' ').filter((token) => token !== '');
  if (tokens.length > maxFormats) return `m=${line.type} lists ${tokens.length} formats, more than ${maxFormats}`;
  const formats = line.type === 'audio' ? readFormats(tokens, line) : [];
  if (typeof formats === 'string') return formats;
  const web = readWeb(line, session);
  if (typeof web === 'string') return web;
  const rtcpPort = line.rtcp?.port;
  const ptime = readPtime(line);
  return {
    type: line.type,
    port: line.port,
    protocol: line.protocol,
    address,
    ...(isPort(rtcpPort) && rtcpPort !== 0 ? { rtcpPort } : {}),
    ...(line.rtcpMux === undefined ? {} : { rtcpMux: true as const }),
    direction: readDirection(line, session, address),
    ...(ptime >= 5 && ptime <= 200 ? { ptime } : {}),
    formats,
    rawFormats,
    ...(line.mid === undefined ? {} : { mid: String(line.mid) }),
    ...(web === undefined ? {} : { web }),
    ...readSdesIce(line, session),
  };
}

/** ICE is the offerer's wish, not a condition: what cannot be used is passed over. One port must carry RTP and RTCP. */
function readSdesIce(line: RawMedia, session: sdpTransform.SessionDescription): { ice?: IceLine } {
  if (line.protocol !== 'RTP/SAVP' && line.protocol !== 'RTP/SAVPF') return {};
  if (line.rtcpMux === undefined || line.port === 0) return {};
  const ice = readIce(line, session);
  return typeof ice === 'string' ? {} : { ice };
}

/** RFC 8866 §6.4, §6.5: the length asked for, no longer than the longest that is taken. NaN where neither is said. */
function readPtime({ ptime, maxptime }: RawMedia): number {
  if (ptime === undefined && maxptime === undefined) return NaN;
  return Math.min(Number(ptime ?? 20), Number(maxptime ?? Infinity));
}

/** A c-line of 0.0.0.0 is the old way to hold (RFC 3264 §8.4): the far end does not want to receive. */
function readDirection(line: RawMedia, session: sdpTransform.SessionDescription, address: string): Direction {
  const stated = line.direction ?? (session as { direction?: Direction }).direction ?? 'sendrecv';
  // Who is found by ICE, and does not know its address yet, says so the same way.
  if (address !== '0.0.0.0' || isWeb(line.protocol) || line.iceUfrag !== undefined) return stated;
  return stated === 'recvonly' || stated === 'inactive' ? 'inactive' : 'sendonly';
}

function readFormats(tokens: readonly string[], line: RawMedia): Format[] | string {
  const formats: Format[] = [];
  for (const token of tokens) {
    if (!/^\d{1,3}$/.test(token) || Number(token) > 127)
      return `m=audio lists the payload type '${token.slice(0, 20)}'`;
    const payload = Number(token);
    if (formats.some((format) => format.payload === payload)) continue;
    const map = line.rtp?.find((rtp) => rtp.payload === payload);
    const known =
      map === undefined ? statics.get(payload) : ([String(map.codec).toUpperCase(), map.rate ?? 8000] as const);
    if (known === undefined) continue;
    const [codec, clockRate] = known;
    if (!Number.isInteger(clockRate) || clockRate < 1000 || clockRate > 192_000) continue;
    const fmtp = line.fmtp?.find((each) => each.payload === payload)?.config;
    const channels = map?.encoding === undefined ? 1 : Number(map.encoding);
    formats.push({
      payload,
      codec,
      clockRate,
      channels: channels === 2 ? 2 : 1,
      ...(fmtp === undefined ? {} : { fmtp }),
    });
  }
  return formats;
}

/** What our side of one audio line says. */
export type LocalAudio = {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort?: number;
  /** RTCP may come to the port of RTP. */
  readonly rtcpMux?: boolean;
  readonly formats: readonly Format[];
  readonly direction: Direction;
  readonly ptime: number;
  /** Of a line of WebRTC. */
  readonly web?: LocalWeb | undefined;
  /** Of a line of SRTP that may be found by ICE. RTCP shares its port. */
  readonly ice?: LocalIce | undefined;
  /** Our keys: the line is RTP/SAVP. */
  readonly crypto?: readonly CryptoLine[] | undefined;
};

/** The lines of an offer, and which of them is answered. */
export type Answered = { readonly lines: readonly MediaLine[]; readonly chosen: MediaLine };

/** Writes an audio session. `among` places the audio among lines we reject, in the order of the offer (RFC 3264 §6). */
export function printSdp(origin: { sessionId: string; version: number }, audio: LocalAudio, among?: Answered): Buffer {
  const family = audio.address.includes(':') ? 'IP6' : 'IP4';
  const head =
    `v=0\r\no=graine ${origin.sessionId} ${origin.version} IN ${family} ${audio.address}\r\ns=-\r\n` +
    `c=IN ${family} ${audio.address}\r\nt=0 0\r\n${webHead(audio, among?.chosen)}`;
  const protocol = audio.web !== undefined ? WEB : audio.crypto === undefined ? 'RTP/AVP' : 'RTP/SAVP';
  const mid = audio.web === undefined ? undefined : OFFERED_MID;
  if (among === undefined) return Buffer.from(head + printAudio(audio, protocol, mid));
  const body = among.lines.map((line) =>
    line === among.chosen
      ? printAudio(audio, line.protocol, line.mid)
      : `m=${line.type} 0 ${line.protocol} ${line.rawFormats}\r\n${line.mid === undefined ? '' : `a=mid:${line.mid}\r\n`}`,
  );
  return Buffer.from(head + body.join(''));
}

/** An offer of ours has one line, so its name is known; an answer bundles where the offer did. */
function webHead({ web, ice }: LocalAudio, offered: MediaLine | undefined): string {
  if (web === undefined) return ice?.lite === true ? 'a=ice-lite\r\n' : '';
  if (offered === undefined) return printWebSession(web.ice, OFFERED_MID);
  return printWebSession(web.ice, offered.web?.bundled === true ? offered.mid : undefined);
}

function printAudio(audio: LocalAudio, protocol: string, mid: string | undefined): string {
  const { numbers, maps } = printFormats(audio.formats);
  let text = `m=audio ${audio.port} ${protocol}${numbers}\r\n${maps}`;
  if (mid !== undefined) text += `a=mid:${mid}\r\n`;
  if (audio.web !== undefined) text += printWebLine(audio.web, audio.address, audio.port);
  else if (audio.rtcpMux === true || audio.ice !== undefined) text += 'a=rtcp-mux\r\n';
  if (audio.ice !== undefined) text += printCredentials(audio.ice) + printCandidate(audio.address, audio.port);
  for (const line of audio.crypto ?? []) text += printCrypto(line);
  return `${text}a=ptime:${audio.ptime}\r\na=${audio.direction}\r\n`;
}

const printFormats = onceFor((formats: readonly Format[]) => {
  let [numbers, maps] = ['', ''];
  for (const { payload, codec, clockRate, channels, fmtp } of formats) {
    numbers += ` ${payload}`;
    maps += `a=rtpmap:${payload} ${printCodec(codec)}/${clockRate}${channels > 1 ? `/${channels}` : ''}\r\n`;
    if (fmtp !== undefined) maps += `a=fmtp:${payload} ${fmtp}\r\n`;
  }
  return { numbers, maps };
});

function printCodec(codec: string): string {
  return codec === 'TELEPHONE-EVENT' ? 'telephone-event' : codec === 'OPUS' ? 'opus' : codec;
}
