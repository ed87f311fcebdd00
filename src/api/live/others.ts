/** Calls of the other nodes, for those who look here. While nobody does, nothing is asked of anybody. */
import { type Clock, Emitter, type Log, type Timer } from '../../base/index.ts';
import type { LiveStore, Nodes } from '../../ports/index.ts';
import { Peer, type RemoteRow } from './peer.ts';

/** What somebody here wants to see. `accountSid` undefined: of all accounts. */
export type Wanted = { readonly accountSid: string | undefined; readonly levels: boolean; readonly server: boolean };

export type NodesView = {
  /** Is what the nodes share within reach? If not, these are the nodes that were known last. */
  readonly shared: boolean;
  readonly nodes: readonly { readonly node: string; readonly shown: boolean }[];
};

type Parts = {
  readonly nodes: Nodes;
  readonly live: Pick<LiveStore, 'stats'>;
  readonly clock: Clock;
  readonly log: Log;
};

const lookMs = 1_000;
const mostNodes = 64;

export class OtherCalls {
  readonly events = new Emitter<{
    call: [row: RemoteRow];
    gone: [row: RemoteRow, data: unknown];
    level: [row: RemoteRow, db: number];
    news: [event: 'alert' | 'registration', data: Readonly<Record<string, unknown>>];
    nodes: [view: NodesView];
  }>();
  readonly #parts: Parts;
  readonly #peers = new Map<string, Peer>();
  #wanted: Wanted | undefined;
  #timer: Timer | undefined;
  #viewed = '';

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** undefined: nobody looks any more. */
  want(wanted: Wanted | undefined): void {
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    this.#wanted = wanted;
    if (wanted === undefined) return this.#end();
    if (!this.#parts.live.stats().shared) return;
    for (const [node, peer] of this.#peers) this.#peers.set(node, this.#open(node, peer.leave()));
    this.#timer ??= this.#parts.clock.every(lookMs, 'live nodes', () => this.#look());
    this.#look();
  }

  *rows(accountSid: string | undefined): Generator<RemoteRow> {
    for (const peer of this.#peers.values())
      for (const row of peer.rows()) if (accountSid === undefined || row.account_sid === accountSid) yield row;
  }

  /** undefined: there is nobody to share with. */
  view(): NodesView | undefined {
    const { nodes, live } = this.#parts;
    const { shared, up } = live.stats();
    if (!shared) return undefined;
    const others = Array.from(this.#peers, ([node, { shown }]) => ({ node, shown }));
    return { shared: up, nodes: [{ node: nodes.name, shown: true }, ...others] };
  }

  close(): void {
    this.want(undefined);
  }

  #end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    this.#viewed = '';
  }

  #look(): void {
    const there = new Set(this.#parts.nodes.others().slice(0, mostNodes));
    for (const [node, peer] of this.#peers) {
      if (there.has(node)) continue;
      peer.close();
      this.#peers.delete(node);
    }
    for (const node of there) if (!this.#peers.has(node)) this.#peers.set(node, this.#open(node, new Map()));
    this.#tell();
  }

  #open(node: string, calls: ReadonlyMap<string, RemoteRow>): Peer {
    const { events } = this;
    const { accountSid, levels = false, server = false } = this.#wanted ?? {};
    const flag = (on: boolean): string => (on ? '1' : '0');
    const query = new URLSearchParams({ levels: flag(levels), server: flag(server) });
    if (accountSid !== undefined) query.set('account_sid', accountSid);
    return new Peer({
      ...this.#parts,
      node,
      calls,
      path: `/v1/Nodes/Live?${query.toString()}`,
      events: {
        call: (row) => events.emit('call', row),
        gone: (row, data) => events.emit('gone', row, data),
        level: (row, db) => events.emit('level', row, db),
        news: (event, data) => events.emit('news', event, data),
        shown: () => this.#tell(),
      },
    });
  }

  /** When it is another than the last. */
  #tell(): void {
    const view = this.view();
    const text = JSON.stringify(view);
    if (view === undefined || text === this.#viewed) return;
    this.#viewed = text;
    this.events.emit('nodes', view);
  }
}
