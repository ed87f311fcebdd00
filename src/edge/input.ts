/** What somebody says of an edge, read and checked. It is kept beside the files, so that the next run need not be told again. */
import dns from 'node:dns/promises';
import { isIP } from 'node:net';
import { messageOf } from '../base/index.ts';
import type { EdgePlace, EdgeTransport } from './settings.ts';

/** As on the command line, and in edge.json. */
export type EdgeInput = {
  readonly listen?: readonly string[];
  readonly inside?: string;
  readonly advertise?: string;
  readonly nodes?: readonly string[];
  readonly peers?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly folder?: string;
};

export type EdgeAddresses = {
  readonly listen: readonly EdgePlace[];
  readonly inside: { readonly address: string; readonly port: number };
  readonly advertise?: string;
  readonly nodes: readonly string[];
  readonly peers: readonly string[];
};

const defaultPorts: Readonly<Record<EdgeTransport, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };
/** Of one edge. */
const mostNodes = 200;

function refuse(option: string, why: string): Error {
  return new Error(`${option}: ${why}`);
}

/** Throws what names the option on what is no edge. Names of nodes become addresses: Kamailio tells nodes by them. */
export async function addressesOf(input: EdgeInput): Promise<EdgeAddresses> {
  const listen = (input.listen ?? []).map(readListen);
  if (listen.length === 0) throw refuse('--listen', 'name where the world reaches the edge, udp://203.0.113.5:5060');
  for (const option of ['folder', 'cert', 'key'] as const)
    if (/[^\w./@+-]/.test(input[option] ?? ''))
      throw refuse(`--${option}`, 'Kamailio reads no path with such characters');
  const names = input.nodes ?? [];
  if (names.length === 0) throw refuse('--nodes', 'name the nodes, 10.0.0.1:5060,10.0.0.2:5060');
  if (names.length > mostNodes) throw refuse('--nodes', `${names.length} nodes are more than ${mostNodes}`);
  const nodes: string[] = [];
  for (const name of names) {
    const node = await resolve(name);
    if (nodes.includes(node)) throw refuse('--nodes', `'${name}' is there twice`);
    nodes.push(node);
  }
  const inside = input.inside === undefined ? listen.find((each) => each.transport === 'udp') : fixed(input.inside);
  if (inside === undefined) throw refuse('--inside', 'without a udp listener, name where nodes reach the edge');
  const { address, port } = inside;
  if (input.advertise !== undefined && isIP(input.advertise) === 0)
    throw refuse('--advertise', `'${input.advertise}' is not an IP address`);
  return {
    listen,
    inside: { address, port },
    // In one order, however they were named: a call finds its node by its place in the list.
    nodes: nodes.toSorted(),
    peers: (input.peers ?? []).map(readPeer),
    ...(input.advertise === undefined ? {} : { advertise: input.advertise }),
  };
}

function readListen(text: string): EdgePlace {
  const match = /^(udp|tcp|tls|wss?):\/\/(.+)$/.exec(text);
  if (match === null) throw refuse('--listen', `'${text}' is not like udp://203.0.113.5:5060 or wss://203.0.113.5:443`);
  const transport = match[1] as EdgeTransport;
  const { host, port } = hostPort('--listen', match[2] ?? '', defaultPorts[transport]);
  if (isIP(host) === 0 || host === '0.0.0.0' || host === '::')
    throw refuse('--listen', `'${text}' must have an address of its own: the edge tells it to others`);
  return { transport, address: host, port };
}

function readPeer(text: string): string {
  const { host, port } = hostPort('--peers', text, 1);
  if (isIP(host) === 0) throw refuse('--peers', `'${text}' is not an address, or an address and a port`);
  const bare = host.includes(':') ? `[${host}]` : host;
  return text.endsWith(`:${port}`) ? `${bare}:${port}` : bare;
}

function fixed(text: string): { address: string; port: number } {
  const { host, port } = hostPort('--inside', text, 5060);
  if (isIP(host) === 0) throw refuse('--inside', `'${text}' is not an address and a port`);
  return { address: host, port };
}

function hostPort(option: string, text: string, byDefault: number): { host: string; port: number } {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([A-Za-z\d.-]+))(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[3] === undefined ? byDefault : Number(match[3]);
  if (match === null || port < 1 || port > 65535) throw refuse(option, `'${text}' is not host:port`);
  return { host: match[1] ?? match[2] ?? '', port };
}

async function resolve(node: string): Promise<string> {
  const { host, port } = hostPort('--nodes', node, 5060);
  const address = isIP(host) !== 0 ? host : await lookUp(host);
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

async function lookUp(host: string): Promise<string> {
  try {
    return (await dns.lookup(host)).address;
  } catch (fault) {
    throw refuse('--nodes', `'${host}' has no address (${messageOf(fault)})`);
  }
}
