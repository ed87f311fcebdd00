/** A phone's own SDP: writes what it can do, reads what the other can. RFC 4566, RFC 3264. */
import { type CryptoLine, printCrypto } from '../sdp/index.ts';

import { readIceOf, type SdpIce } from './ice.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type PhoneSdp = {
  readonly address: string;
  readonly port: number;
  readonly direction: Direction;
  /** Payload types of the m= line, in order. */
  readonly payloads: readonly number[];
  /** telephone-event's payload type. */
  readonly events: number | undefined;
  readonly ptime: number;
  readonly version: number;
  /** The line is RTP/SAVP, and its a=crypto values. */
  readonly secure: boolean;
  /** RTCP may come to the port of RTP. */
  readonly mux: boolean;
  readonly crypto: readonly string[];
  readonly ice: SdpIce | undefined;
};

export type SdpOptions = {
  readonly address: string;
  readonly port: number;
  readonly direction?: Direction;
  readonly payloads?: readonly number[];
  readonly events?: number | undefined;
  readonly version?: number;
  readonly session?: number;
  readonly ptime?: number;
  readonly mux?: boolean;
  /** Lines of ICE, of the session and of the audio. */
  readonly ice?: { readonly session: readonly string[]; readonly media: readonly string[] } | undefined;
  /** Our key: the line is RTP/SAVP. */
  readonly crypto?: CryptoLine | undefined;
};

const names: Readonly<Record<number, string>> = { 0: 'PCMU/8000', 8: 'PCMA/8000', 9: 'G722/8000', 18: 'G729/8000' };

export function writeSdp(options: SdpOptions): string {
  const { address, port, direction = 'sendrecv', payloads = [0, 8], events = 101, version = 1 } = options;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const all = events === undefined ? payloads : [...payloads, events];
  return [
    'v=0',
    `o=phone ${options.session ?? 1} ${version} IN ${family} ${address}`,
    's=-',
    `c=IN ${family} ${address}`,
    't=0 0',
    ...(options.ice?.session ?? []),
    `m=audio ${port} RTP/${options.crypto === undefined ? 'AVP' : 'SAVP'} ${all.join(' ')}`,
    ...payloads.filter((pt) => names[pt] !== undefined).map((pt) => `a=rtpmap:${pt} ${names[pt]}`),
    ...(events === undefined ? [] : [`a=rtpmap:${events} telephone-event/8000`, `a=fmtp:${events} 0-16`]),
    ...(options.mux === true ? ['a=rtcp-mux'] : []),
    ...(options.ice?.media ?? []),
    ...(options.crypto === undefined ? [] : [printCrypto(options.crypto).trimEnd()]),
    `a=ptime:${options.ptime ?? 20}`,
    `a=${direction}`,
    '',
  ].join('\r\n');
}

export function readSdp(text: string): PhoneSdp {
  const lines = text.split(/\r?\n/);
  const media = lines.findIndex((line) => line.startsWith('m=audio'));
  const inMedia = lines.slice(Math.max(media, 0));
  const find = (from: readonly string[], start: string): string | undefined =>
    from.find((line) => line.startsWith(start))?.slice(start.length);
  const connection = find(inMedia, 'c=') ?? find(lines, 'c=') ?? 'IN IP4 127.0.0.1';
  const [port = '0', protocol = '', ...payloads] = (lines[media] ?? 'm=audio 0 RTP/AVP')
    .slice('m=audio '.length)
    .split(' ');
  const events = inMedia.map((line) => /^a=rtpmap:(\d+) telephone-event\/8000/i.exec(line)?.[1]).find(Boolean);
  const directionOf = (from: readonly string[]): string | undefined =>
    from
      .find((line) => /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.test(line))
      ?.slice(2)
      .trim();
  return {
    address: connection.split(' ')[2]?.trim() ?? '127.0.0.1',
    port: portOf(port),
    direction: (directionOf(inMedia) ?? directionOf(lines) ?? 'sendrecv') as Direction,
    payloads: payloads.map(Number).filter((pt) => pt !== Number(events)),
    events: events === undefined ? undefined : Number(events),
    ptime: Number(find(inMedia, 'a=ptime:') ?? 20),
    version: Number(find(lines, 'o=')?.split(' ')[2] ?? 0),
    mux: inMedia.some((line) => line.trim() === 'a=rtcp-mux'),
    ice: readIceOf(lines),
    secure: protocol.startsWith('RTP/SAVP'),
    crypto: inMedia.filter((line) => line.startsWith('a=crypto:')).map((line) => line.slice('a=crypto:'.length)),
  };
}

/** 0, which is no media, for what is no port. */
function portOf(text: string): number {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_535 ? port : 0;
}

/** What we answer to this direction. RFC 3264 §6.1. */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  if (direction === 'recvonly') return 'sendonly';
  return direction;
}
