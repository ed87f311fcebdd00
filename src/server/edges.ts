/** The edges that this node sends through. With several the first that answers is taken; and what would go to one that does
 * not answer goes to one that does, which knows the other's Record-Route for its own (`graine edge --peers`). Repeats of what
 * was under way go there too, so that a request, or an answer, outlives the edge it left by. */
import type { Log } from '../base/index.ts';
import type { GatewayPing, Hop, UserAgent } from '../sip/agent/index.ts';
import type { Source } from '../sip/transport/index.ts';

type Place = { readonly address: string; readonly port: number };
type Watched = { readonly hop: Hop; ping: GatewayPing | undefined };

/** ms. Two questions in a row without an answer: it is gone, before a request that it lost is repeated for the third time (3.5 s,
 * RFC 3261 §17.1). */
const rhythm = { interval: 600, patience: 500 } as const;

export class EdgeChoice {
  readonly #edges: readonly Watched[];
  readonly #log: Log;

  constructor(places: readonly Place[], log: Log) {
    this.#edges = places.map((place) => ({ hop: { transport: 'udp', ...place }, ping: undefined }));
    this.#log = log;
  }

  /** Nothing is asked where there is no choice. */
  watch(agent: Pick<UserAgent, 'ping'>): void {
    if (this.#edges.length < 2) return;
    for (const edge of this.#edges) {
      const { address, port } = edge.hop;
      const uri = `sip:${address.includes(':') ? `[${address}]` : address}:${port}`;
      const { interval: intervalMs, patience: patienceMs } = rhythm;
      edge.ping = agent.ping({ uri, hops: [edge.hop], intervalMs, patienceMs });
      edge.ping.events.on('up', () => this.#log.info({ edge: uri }, 'edge answers'));
      edge.ping.events.on('down', () => this.#log.warn({ edge: uri }, 'edge does not answer: others are taken'));
    }
  }

  /** The one to leave by. Where none answers, the first. */
  get first(): Place | undefined {
    return (this.#edges.find(({ ping }) => ping?.up) ?? this.#edges[0])?.hop;
  }

  /** Where to send what is meant for this hop. Questions whether an edge is there reach that one. */
  instead(to: Hop): Hop {
    return this.#other(to) ?? to;
  }

  /** Where an answer to what came from there goes: an edge passes on what another one had under way, by the Vias. */
  insteadOf(from: Source): Source {
    const other = this.#other(from);
    return other === undefined ? from : { ...from, address: other.address, port: other.port };
  }

  /** One that answers, in place of this one that does not. */
  #other(to: Hop): Hop | undefined {
    if (this.#edges.length < 2 || to.transport !== 'udp') return undefined;
    const meant = this.#edges.find(({ hop }) => hop.port === to.port && hop.address === to.address);
    if (meant === undefined || meant.hop === to || meant.ping?.down !== true) return undefined;
    return this.#edges.find(({ ping }) => ping?.up)?.hop;
  }

  close(): void {
    for (const { ping } of this.#edges) ping?.close();
  }
}
