/** Whose gateway a request comes from: exact address and port, else address, else the longest network that holds it. */
import ipaddr from 'ipaddr.js';
import type { Gateway } from '../ports/index.ts';

type Found<T> = { readonly gateway: Gateway; readonly value: T };

/** One prefix length of one family: masked address → the gateways there, best first. */
type Network<T> = { readonly family: 4 | 6; readonly bits: number; readonly at: Map<string, Found<T>[]> };

/** The address in one spelling: IPv4 also when it came wrapped in IPv6. Undefined when it is a name. */
export function normalAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = address.startsWith('[') ? address.slice(1, -1) : address;
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

function familyOf(address: ipaddr.IPv4 | ipaddr.IPv6): 4 | 6 {
  return address.kind() === 'ipv4' ? 4 : 6;
}

/** The first `bits` of the address, as a key. */
function masked(bytes: readonly number[], bits: number): string {
  let key = '';
  for (let i = 0; i * 8 < bits; i++) {
    const left = bits - i * 8;
    const byte = bytes[i] ?? 0;
    key += String.fromCharCode(left >= 8 ? byte : byte & (0xff << (8 - left)) & 0xff);
  }
  return key;
}

/** A gateway's netmask is given for IPv4; 32, the default, means one host in IPv6 too. */
function prefixOf(gateway: Gateway, family: 4 | 6): number {
  if (family === 4) return Math.min(32, Math.max(0, gateway.netmask));
  return gateway.netmask === 32 ? 128 : Math.min(128, Math.max(0, gateway.netmask));
}

function byRank<T>(a: Found<T>, b: Found<T>): number {
  return a.gateway.priority - b.gateway.priority || (a.gateway.sid < b.gateway.sid ? -1 : 1);
}

/** Sources remembered as found: carriers send from few addresses, and strangers may send from many. */
const mostKnown = 1000;

export class Sources<T> {
  /** Longest prefix first. */
  readonly #networks: Network<T>[] = [];
  readonly #known = new Map<string, Found<T> | undefined>();

  /** `addresses`: the gateway's own, or those its name resolved to. */
  add(gateway: Gateway, addresses: readonly string[], value: T): void {
    this.#known.clear();
    for (const text of addresses) {
      const address = normalAddress(text);
      if (address === undefined) continue;
      const family = familyOf(address);
      const network = this.#network(family, prefixOf(gateway, family));
      const key = masked(address.toByteArray(), network.bits);
      const list = network.at.get(key) ?? [];
      list.push({ gateway, value });
      network.at.set(key, list.sort(byRank));
    }
  }

  /** Exact port first, over all networks; then the longest network whatever the port. Among equals: same protocol, priority. */
  find(address: string, port: number, protocol: string): Found<T> | undefined {
    const key = `${address} ${port} ${protocol}`;
    const known = this.#known.get(key);
    if (known !== undefined || this.#known.has(key)) return known;
    const found = this.#look(address, port, protocol);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }

  #look(address: string, port: number, protocol: string): Found<T> | undefined {
    const parsed = normalAddress(address);
    if (parsed === undefined) return undefined;
    const family = familyOf(parsed);
    const bytes = parsed.toByteArray();
    let fallback: Found<T> | undefined;
    for (const network of this.#networks) {
      if (network.family !== family) continue;
      const here = network.at.get(masked(bytes, network.bits));
      if (here === undefined) continue;
      const exact = here.filter((each) => each.gateway.port === port);
      if (exact.length > 0) return ofProtocol(exact, protocol);
      fallback ??= ofProtocol(here, protocol);
    }
    return fallback;
  }

  #network(family: 4 | 6, bits: number): Network<T> {
    const known = this.#networks.find((each) => each.family === family && each.bits === bits);
    if (known !== undefined) return known;
    const made: Network<T> = { family, bits, at: new Map() };
    this.#networks.push(made);
    this.#networks.sort((a, b) => b.bits - a.bits);
    return made;
  }
}

function ofProtocol<T>(list: readonly Found<T>[], protocol: string): Found<T> | undefined {
  return list.find((each) => each.gateway.protocol === protocol) ?? list[0];
}
