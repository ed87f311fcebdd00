import { networkInterfaces } from 'node:os';
import type { StreamSettings } from '../../ports/index.ts';

/** What the guard looks at of an endpoint. */
export type Node = { readonly port: number; settings: StreamSettings | undefined; peer: Node | undefined };

/** Longer chains through ourselves are refused as well. */
const MAX_STEPS = 16;

/** Finds media that would go round for ever: SDP may name our own ports, and two such legs, bridged, would relay one
 * packet to each other without end. A call that only passes through us twice is no loop. */
export class LoopGuard {
  readonly #own: Set<string>;
  readonly #byPort = new Map<number, Node>();

  /** `addresses`: those that media of ours can be reached at. */
  constructor(addresses: readonly string[]) {
    this.#own = new Set(addresses);
    if (!addresses.some((address) => address === '0.0.0.0' || address === '::')) return;
    for (const list of Object.values(networkInterfaces())) for (const { address } of list ?? []) this.#own.add(address);
  }

  add(node: Node): void {
    this.#byPort.set(node.port, node);
  }

  remove(node: Node): void {
    this.#byPort.delete(node.port);
    if (node.peer !== undefined) node.peer.peer = undefined;
    node.peer = undefined;
  }

  /** Would what is sent to this endpoint's far end come back to be sent there again? */
  loops(start: Node): boolean {
    let node: Node | undefined = start;
    for (let step = 0; step < MAX_STEPS; step++) {
      const remote: StreamSettings['remote'] = node.settings?.remote;
      if (remote === undefined || !this.#own.has(remote.address)) return false;
      // What reaches that port goes on to the far end of its peer.
      node = this.#byPort.get(remote.port)?.peer;
      if (node === undefined) return false;
      if (node === start) return true;
    }
    return true;
  }
}
