/** Behind an edge proxy every request comes from the edge's address: the edge says who sent it, in a header that only it may
 * set. What anybody else writes there is taken away unread. */
import { isIP, SocketAddress } from 'node:net';
import { header, type SipRequest } from '../message/index.ts';
import { plainAddress, transportName } from './address.ts';
import type { Origin, Source } from './types.ts';

/** Set by the edge: `udp:203.0.113.9:5060`, `wss:[2001:db8::7]:4711`. */
export const sourceHeader = header.source.name;
/** Tells the edge for how many seconds we would drop what this source sends. */
export const banHeader = 'X-Graine-Ban';

/** Takes the header off the request. `none`: there was none, or nobody asked this sender. `bad`: an edge wrote what is no
 * source, or two of them. */
export function takeOrigin(
  request: SipRequest,
  sender: string,
  isEdge: (address: string) => boolean,
): Origin | 'none' | 'bad' {
  if (!request.headers.has(header.source)) return 'none';
  const values = request.headers.all(header.source);
  request.headers.delete(header.source);
  if (!isEdge(sender)) return 'none';
  const [value, second] = values;
  return (second === undefined && value !== undefined && value.length <= 64 && readOrigin(value)) || 'bad';
}

/** Who sent it: what the edge says, else where it came from. */
export function originOf(source: Pick<Source, keyof Origin | 'origin'>): Origin {
  return source.origin ?? source;
}

function readOrigin(text: string): Origin | undefined {
  const match = /^([a-z]{2,3}):(?:([\d.]+)|\[([\da-fA-F:.]+)\]):(\d{1,5})$/.exec(text);
  const transport = transportName(match?.[1] ?? '');
  if (match === null || transport === undefined) return undefined;
  const address = match[2] ?? match[3] ?? '';
  const family = isIP(address);
  const port = Number(match[4]);
  if (family !== (match[2] === undefined ? 6 : 4) || port < 1 || port > 65535) return undefined;
  // As the sockets write it: carriers and bans are found by that.
  const { address: written } = new SocketAddress({ address, family: family === 6 ? 'ipv6' : 'ipv4' });
  return { transport, address: plainAddress(written), port };
}
