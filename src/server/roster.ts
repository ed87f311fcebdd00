/** The nodes that share a Redis, and where an edge reaches them. */
import { isIP } from 'node:net';
import { messageOf } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { refuseAddress, refuseName } from '../hooks/index.ts';
import { roster } from '../live/index.ts';
import { openSip } from '../nodes/index.ts';
import type { Listening } from '../sip/transport/index.ts';

/** One, or several with commas between: the first signs, the others still open. */
export function secretsIn(text: string | undefined): string[] {
  return (text?.split(',') ?? []).map((each) => each.trim()).filter((each) => each !== '');
}

/** Where this node takes SIP over UDP, for an edge in its network: never the address that the world is told. */
export function sipPlace(listening: readonly Listening[]): string | undefined {
  const udp = listening.find(({ transport }) => transport === 'udp');
  if (udp === undefined) return undefined;
  const { address, port } = udp;
  // A wildcard is no place to send to.
  if (address === '0.0.0.0' || address === '::') return undefined;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The other way round. */
export function hopOf(place: string | undefined): { transport: 'udp'; address: string; port: number } | undefined {
  const [, address, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(place ?? '') ?? [];
  if (address === undefined || isIP(address) === 0) return undefined;
  return { transport: 'udp', address, port: Number(port) };
}

/** host:port of each node that beats. What somebody else wrote into Redis is left out. Rejects with what is to be done. */
export async function runningNodes({ live }: Config): Promise<string[]> {
  if (!/^rediss?:/.test(live.url)) throw new Error('live.url is no Redis: name the nodes with --nodes');
  const secrets = secretsIn(live.secret);
  if (secrets.length === 0)
    throw new Error('without live.secret nodes do not say where they are: name them with --nodes');
  const found = await roster(live.url).catch((fault: unknown) => {
    throw new Error(`the Redis of live.url does not answer (${messageOf(fault)})`, { cause: fault });
  });
  return found.flatMap(({ name, address }) => {
    for (const secret of secrets) {
      const place = openSip(secret, name, address);
      if (place !== undefined) return [place];
    }
    return [];
  });
}

/** Nodes may be at private addresses, but not where a cloud keeps its secrets. */
export function refuseNode(host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? refuseName(bare) : refuseAddress(bare, true);
}
