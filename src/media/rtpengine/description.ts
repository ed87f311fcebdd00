/** The SDP rtpengine is shown: one audio line, of values that were checked, never a far end's text. RFC 8866. */
import { isIP, isIPv6 } from 'node:net';
import type { Payload } from '../../ports/index.ts';

export type Place = { readonly address: string; readonly port: number };

/** What stands for a far end that has not said where it listens. */
export const NOWHERE: Place = { address: '127.0.0.1', port: 9 };
/** Before anything was agreed. */
export const ANY: readonly Payload[] = [
  { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
  { receive: 101, send: 101, codec: 'TELEPHONE-EVENT', clockRate: 8000, channels: 1 },
];

export function describe({ address, port }: Place, payloads: readonly Payload[]): string {
  const at = `IN ${isIPv6(address) ? 'IP6' : 'IP4'} ${address}`;
  const types = payloads.map(({ receive }) => receive).join(' ');
  const maps = payloads.map(({ receive, codec, clockRate, channels }) => {
    return `a=rtpmap:${receive} ${codec.replaceAll(/[^\w.-]/g, '')}/${clockRate}${channels === 1 ? '' : `/${channels}`}`;
  });
  const lines = ['v=0', `o=- 1 1 ${at}`, 's=-', `c=${at}`, 't=0 0', `m=audio ${port} RTP/AVP ${types}`, ...maps];
  return [...lines, 'a=sendrecv', ''].join('\r\n');
}

/** Where rtpengine listens; undefined when its answer does not say so. */
export function placeIn(sdp: unknown): Place | undefined {
  if (typeof sdp !== 'string') return undefined;
  const address = /^c=IN IP[46] (\S{2,45})\r?$/m.exec(sdp)?.[1] ?? '';
  const port = Number(/^m=audio (\d{1,5}) /m.exec(sdp)?.[1]);
  return isIP(address) !== 0 && port > 0 && port < 65_536 ? { address, port } : undefined;
}
