import { formatVia, noParams } from '../message/index.ts';
import { hostPort, isLoopback, isWildcard, outwardAddress } from './address.ts';
import type { Hop, Listening, TransportName } from './types.ts';
import type { UdpListener } from './udp.ts';

/** A place we listen, with its socket where that is also what we send from. */
export type Listener = Listening & { readonly udp?: UdpListener };

/** The places we listen, and which of them a peer should be told of. */
export class Listeners {
  readonly #list: Listener[] = [];

  add(listener: Listener): void {
    this.#list.push(listener);
  }

  all(): readonly Listener[] {
    return this.#list;
  }

  clear(): void {
    this.#list.length = 0;
  }

  /** The listener that was bound to this. */
  at(transport: TransportName, address: string, port: number): Listener | undefined {
    return this.#list.find((each) => each.transport === transport && each.address === address && each.port === port);
  }

  /** The one to send to this hop from: same transport and family, and on the same side of loopback where there is a
   * choice: a socket bound to 127.0.0.1 cannot reach the world. */
  for(hop: Hop): Listener | undefined {
    const v6 = hop.address.includes(':');
    const loopback = isLoopback(hop.address);
    let best: Listener | undefined;
    for (const each of this.#list) {
      if (each.transport !== hop.transport || each.address.includes(':') !== v6) continue;
      if (isWildcard(each.address) || isLoopback(each.address) === loopback) return each;
      best ??= each;
    }
    return best;
  }

  /** `host:port` of ours for this hop. Where we do not listen on its transport, requests still need an address: that of
   * any listener of the family. */
  localFor(hop: Hop): string {
    const v6 = hop.address.includes(':');
    const listener = this.for(hop) ?? this.#list.find((each) => each.address.includes(':') === v6) ?? this.#list[0];
    if (listener === undefined) return v6 ? '[::1]:5060' : '127.0.0.1:5060';
    const { address, advertisedHost, advertisedPort } = listener;
    // A wildcard listener without an advertised name meets loopback peers on loopback.
    const local = isWildcard(address) && isLoopback(hop.address) && advertisedHost === outwardAddress(v6 ? 6 : 4);
    return hostPort(local ? hop.address : advertisedHost, advertisedPort);
  }

  /** The Via of a request to this hop. RFC 3581 §3: rport is always asked for. */
  viaFor(hop: Hop, branch: string): string {
    const transport = hop.transport.toUpperCase();
    const base = formatVia({ transport, host: 'x', params: noParams }).slice(0, -1);
    return `${base}${this.localFor(hop)};rport;branch=${branch}`;
  }
}
