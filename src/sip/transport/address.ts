import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { defineError, GraineError } from '../../base/index.ts';
import { formatHost } from '../message/index.ts';
import type { TransportName } from './types.ts';

export const badListenAddress = defineError('sip-listen-address', {
  message: 'cannot listen on {spec}: {why}',
  fix: 'Write it like udp://127.0.0.1:5060 or tcp://[::1]:5060',
  http: 500,
});

export type ListenAddress = { readonly transport: TransportName; readonly address: string; readonly port: number };

const defaultPorts: Readonly<Record<TransportName, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };

export function defaultPort(transport: TransportName): number {
  return defaultPorts[transport];
}

export function isSecure(transport: TransportName): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** The transport of a `transport=` parameter or Via, in any case; undefined for those we do not know. */
export function transportName(text: string): TransportName | undefined {
  const name = text.toLowerCase();
  return Object.hasOwn(defaultPorts, name) ? (name as TransportName) : undefined;
}

/** Reads `udp://127.0.0.1:5060`. Port 0 lets the system choose. */
export function parseListen(spec: string): ListenAddress {
  const refuse = (why: string): GraineError => new GraineError(badListenAddress, { spec, why });
  const match = /^([a-z]{2,3}):\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(spec);
  const transport = transportName(match?.[1] ?? '');
  if (match === null || transport === undefined) throw refuse('it is not transport://address:port');
  const host = match[2] ?? '';
  const address = host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0) throw refuse('the address is not an IP address');
  const port = match[3] === undefined ? defaultPort(transport) : Number(match[3]);
  if (port > 65535) throw refuse('the port is above 65535');
  return { transport, address, port };
}

/** An address in the one form we compare: IPv4 out of its IPv6 mapping, no zone. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const zone = plain.indexOf('%');
  return zone < 0 ? plain : plain.slice(0, zone);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** Link-local, or one of the few other addresses where a cloud tells its machines their secrets. */
export function isMetadata(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address) || metadataAddresses.has(address.toLowerCase());
}

const metadataAddresses = new Set([
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** `host:port` as Via and Contact print it. */
export function hostPort(host: string, port: number): string {
  return `${formatHost(host)}:${port}`;
}

/** An address of this machine to tell others when we listen on all of them; loopback when there is no other. */
export function outwardAddress(family: number): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const each of list ?? []) {
      if (!each.internal && isIP(each.address) === family && !each.address.startsWith('fe80:')) return each.address;
    }
  }
  return family === 6 ? '::1' : '127.0.0.1';
}

/** The 64-bit prefix of an IPv6 address: who holds one holds them all. IPv4 as it is. */
export function sourceKey(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + rest < 8 && groups.length < 4) groups.push('0');
    if (groups.length < 4) groups.push(...tail.split(':'));
  }
  return `${groups
    .slice(0, 4)
    .map((each) => Number.parseInt(each, 16).toString(16))
    .join(':')}::/64`;
}
