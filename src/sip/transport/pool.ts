import type { Socket } from 'node:net';
import type { Clock, Log, Timer } from '../../base/index.ts';
import { isSecure } from './address.ts';
import type { Carriage } from './carriage.ts';
import { Connection, type ConnectionInit, type ConnectionOwner, type End } from './connection.ts';
import type { SourceGuard } from './guard.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Hop } from './types.ts';

const SWEEP_MS = 500;
/** What a TLS handshake counts, in bytes of message: it costs us about as much to answer. */
const HANDSHAKE_COST = 10_240;

export type PoolOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly guard: SourceGuard;
  readonly limits: ConnectionLimits;
  readonly received: (connection: Connection, bytes: Buffer) => void;
  readonly closed: (connection: Connection) => void;
  /** TLS could not be agreed on with a peer. */
  readonly unsecured: (connection: Connection, fault: { why: string; code: string }) => void;
};

export type StreamStats = {
  /** Connections not taken: source banned, or one too many. */
  refused: number;
  /** Connections closed for what their peer did: failed handshakes, what is no SIP, too slow, too much. */
  readonly faulty: Record<Hop['transport'], number>;
};

/** Every stream connection we hold, by its id and by where it leads. */
export class ConnectionPool implements ConnectionOwner {
  readonly limits: ConnectionLimits;
  readonly stats: StreamStats = { refused: 0, faulty: { tcp: 0, tls: 0, ws: 0, wss: 0, udp: 0 } };
  readonly #options: PoolOptions;
  readonly #byId = new Map<string, Connection>();
  readonly #byRemote = new Map<string, Connection>();
  readonly #perSource = new Map<string, number>();
  readonly #born: string;
  #serial = 0;
  #sweep: Timer | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    // A binding or dialog of an earlier process must not find a stranger's connection under its name.
    this.#born = Math.floor(options.clock.now()).toString(36);
    this.limits = options.limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  now(): number {
    return this.#options.clock.monotonic();
  }

  byId(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  /** The connection to send to this hop over, when there is one. */
  find(hop: Hop): Connection | undefined {
    return hop.connectionId === undefined ? this.#byRemote.get(remoteKey(hop)) : this.#byId.get(hop.connectionId);
  }

  /** Takes a connection a peer has made; destroys it and returns undefined when it is one too many. */
  accept(socket: Socket, peer: Hop, wrap: (socket: Socket) => Carriage): Connection | undefined {
    const { guard, log } = this.#options;
    const { address } = peer;
    const count = this.#perSource.get(address) ?? 0;
    const why = this.#refusal(peer, count);
    if (why === undefined) return this.#add(wrap(socket), { ...peer, side: 'accepted' });
    socket.on('error', () => {});
    socket.destroy();
    this.stats.refused++;
    if (why !== 'banned') {
      guard.penalize(address, 'connection');
      log.debug({ address, why }, 'connection refused');
    }
    return undefined;
  }

  /** Makes one; undefined when there is no room. */
  adopt(hop: Hop, start: (hop: Hop) => Carriage | undefined): Connection | undefined {
    const carriage = this.#byId.size < this.limits.total ? start(hop) : undefined;
    return carriage && this.#add(carriage, { ...hop, side: 'connecting' });
  }

  admits(connection: Connection): boolean {
    return this.#options.guard.admits(connection.address);
  }

  received(connection: Connection, bytes: Buffer): void {
    this.#options.received(connection, bytes);
  }

  closed(connection: Connection, end: End): void {
    const { guard, log } = this.#options;
    const { id, address, port } = connection;
    const { why, blame, code } = end;
    this.#byId.delete(id);
    const key = remoteKey(connection);
    if (this.#byRemote.get(key) === connection) this.#byRemote.delete(key);
    if (connection.side === 'accepted') {
      const count = (this.#perSource.get(address) ?? 1) - 1;
      if (count > 0) this.#perSource.set(address, count);
      else this.#perSource.delete(address);
    }
    if (this.#byId.size === 0) this.#stopSweep();
    if (blame === 'peer') {
      this.stats.faulty[connection.transport]++;
      guard.penalize(address, 'connection');
      log.info({ connection: id, address, port, why }, 'connection closed for what its peer did');
    } else if (connection.side === 'connecting' && !connection.wasOpen && isSecure(connection.transport)) {
      // Most often a certificate; whoever must mend it needs to read which and why.
      const { transport, host } = connection;
      log.warn({ transport, address, port, host, why }, 'no secure connection could be made');
    } else log.debug({ connection: id, address, port, why }, 'connection closed');
    if (code !== undefined && !connection.wasOpen && isSecure(connection.transport))
      this.#options.unsecured(connection, { why, code });
    this.#options.closed(connection);
  }

  close(): void {
    for (const connection of this.#byId.values()) connection.close('shut down');
    this.#stopSweep();
  }

  /** How many of each transport stand. */
  count(): Record<Hop['transport'], number> {
    const counts = { udp: 0, tcp: 0, tls: 0, ws: 0, wss: 0 };
    for (const { transport } of this.#byId.values()) counts[transport]++;
    return counts;
  }

  dump(): object[] {
    return Array.from(this.#byId.values(), (connection) => connection.dump());
  }

  #refusal({ address, transport }: Hop, count: number): string | undefined {
    const { guard } = this.#options;
    if (guard.banned(address)) return 'banned';
    if (isSecure(transport) && !guard.admits(address, HANDSHAKE_COST)) return 'too many handshakes';
    if (this.#byId.size >= this.limits.total) return 'too many connections';
    return count >= this.limits.perSource && !guard.isTrusted(address)
      ? 'too many connections of one source'
      : undefined;
  }

  #add(carriage: Carriage, init: Hop & { readonly side: ConnectionInit['side'] }): Connection {
    const { transport, address, port, side, host } = init;
    const connection = new Connection(this, carriage, {
      id: `${transport}-${this.#born}-${++this.#serial}`,
      transport,
      side,
      address,
      port,
      ...(host === undefined ? {} : { host }),
    });
    this.#byId.set(connection.id, connection);
    this.#byRemote.set(remoteKey(connection), connection);
    if (side === 'accepted') this.#perSource.set(address, (this.#perSource.get(address) ?? 0) + 1);
    this.#sweep ??= this.#options.clock.every(SWEEP_MS, 'sip connections sweep', () => this.#check());
    connection.start();
    return connection;
  }

  #check(): void {
    const now = this.now();
    for (const connection of this.#byId.values()) connection.check(now);
  }

  #stopSweep(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }
}

/** A connection whose peer proved one name is not used for another. RFC 5923 §5. */
function remoteKey(peer: Pick<Hop, 'transport' | 'address' | 'port'> & { host?: string | undefined }): string {
  return `${peer.transport}|${peer.address}|${peer.port}|${peer.host ?? ''}`;
}
