/** Values with a grammar of their own: listeners, addresses, port ranges. */
import { BlockList, isIP } from 'node:net';

export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export type Listener = { readonly transport: Transport; readonly address: string; readonly port: number };

const usualPort: { readonly [T in Transport]: number } = { udp: 5060, tcp: 5060, tls: 5061, ws: 5066, wss: 5067 };

export function parseListener(text: string): Listener | undefined {
  const parts = /^(udp|tcp|tls|ws|wss):\/\/(.+)$/.exec(text);
  if (parts === null) return undefined;
  const transport = parts[1] as Transport;
  const place = parsePlace(parts[2] ?? '', usualPort[transport]);
  return place && { transport, ...place };
}

/** The edges that calls leave through, as they are written. */
export function edgesIn(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').map((each) => each.trim());
}

/** `address:port`, `[address]:port` or the address alone. `localhost` is 127.0.0.1, so that all listeners agree on it. */
export function parsePlace(text: string, usual: number): { address: string; port: number } | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+))(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return undefined;
  const named = parts[1] ?? parts[2] ?? '';
  const address = named === 'localhost' ? '127.0.0.1' : named;
  const port = parts[3] === undefined ? usual : Number(parts[3]);
  return isIP(address) > 0 && port <= 65_535 ? { address, port } : undefined;
}

/** A URL that others may be put behind: without what would have to come after them, and without a slash at its end. */
export function parseBase(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\/[^?#@\s]+$/i.test(text)) return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

export function parsePorts(text: string): { first: number; last: number } | undefined {
  const parts = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const [first, last] = [Number(parts[1]), Number(parts[2])];
  return first >= 1024 && last <= 65_535 && last - first >= 3 ? { first, last } : undefined;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family > 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || /^[0:]+$/.test(address);
}

/** An address, or an address with a prefix length. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

export function isHost(text: string): boolean {
  if (isIP(text.replace(/^\[(.*)\]$/, '$1')) > 0) return true;
  return (
    text.length <= 253 &&
    text.split('.').every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}
