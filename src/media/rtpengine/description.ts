/** The SDP rtpengine is shown: one audio line, of values that were checked, never a far end's text. RFC 8866. */
import { isIP, isIPv6 } from 'node:net';
import type { Payload } from '../../ports/index.ts';
import { type CryptoLine, cryptoValues, printCrypto, readCrypto } from '../../sdp/index.ts';
import type { Side } from './side.ts';
import { linesOf } from './web.ts';

export type Place = { readonly address: string; readonly port: number };

/** What stands for a far end that has not said where it listens. */
export const NOWHERE: Place = { address: '127.0.0.1', port: 9 };
/** Before anything was agreed: what most then agree to. */
export const ANY: readonly Payload[] = [
  { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
  { receive: 8, send: 8, codec: 'PCMA', clockRate: 8000, channels: 1 },
  { receive: 9, send: 9, codec: 'G722', clockRate: 8000, channels: 1 },
  { receive: 13, send: 13, codec: 'CN', clockRate: 8000, channels: 1 },
  { receive: 101, send: 101, codec: 'TELEPHONE-EVENT', clockRate: 8000, channels: 1 },
];

/** A suite each, and those of the other party. */
const MOST_LINES = 64;

export function describe({ place, payloads, web = {} }: Side, crypto: readonly CryptoLine[]): string {
  const { address, port } = place;
  // Keys beside RTP/AVP would be those of OSRTP: RFC 8643.
  const plain = crypto.length === 0 ? 'RTP/AVP' : 'RTP/SAVP';
  const protocol = web.dtls === undefined ? plain : 'UDP/TLS/RTP/SAVPF';
  const at = `IN ${isIPv6(address) ? 'IP6' : 'IP4'} ${address}`;
  const types = payloads.map(({ receive }) => receive).join(' ');
  const maps = payloads.map(({ receive, codec, clockRate, channels }) => {
    return `a=rtpmap:${receive} ${codec.replaceAll(/[^\w.-]/g, '')}/${clockRate}${channels === 1 ? '' : `/${channels}`}`;
  });
  const lines = [
    'v=0',
    `o=- 1 1 ${at}`,
    's=-',
    `c=${at}`,
    't=0 0',
    `m=audio ${port} ${protocol} ${types}`,
    ...maps,
    ...linesOf(web),
  ];
  return [...lines, `${crypto.map(printCrypto).join('')}a=sendrecv`, ''].join('\r\n');
}

/** Where rtpengine listens; undefined when its answer does not say so. */
export function placeIn(sdp: unknown): Place | undefined {
  if (typeof sdp !== 'string') return undefined;
  const address = /^c=IN IP[46] (\S{2,45})\r?$/m.exec(sdp)?.[1] ?? '';
  const port = Number(/^m=audio (\d{1,5}) /m.exec(sdp)?.[1]);
  return isIP(address) !== 0 && port > 0 && port < 65_536 ? { address, port } : undefined;
}

/** Whether rtpengine will encrypt with this key for whom this SDP would be sent to. It leaves the padding of base64 out. */
export function hasKey(sdp: unknown, { tag, suite, masterKey }: CryptoLine): boolean {
  if (typeof sdp !== 'string') return false;
  const key = Buffer.from(masterKey, 'base64');
  return (cryptoValues(sdp)[0] ?? []).slice(0, MOST_LINES).some((value) => {
    const line = readCrypto(value);
    if (typeof line === 'string' || line.tag !== tag || line.suite !== suite) return false;
    return key.equals(Buffer.from(line.masterKey, 'base64'));
  });
}
