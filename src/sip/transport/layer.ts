import type { RemoteInfo } from 'node:dgram';
import { type Clock, GraineError, type Log, messageOf, type TraceChannel } from '../../base/index.ts';
import { defaultLimits, type MessageLimits, type SipMessage } from '../message/index.ts';
import {
  badListenAddress,
  isWildcard,
  type ListenAddress,
  outwardAddress,
  parseListen,
  plainAddress,
} from './address.ts';
import type { Connection } from './connection.ts';
import { originOf } from './edges.ts';
import type { SourceGuard } from './guard.ts';
import { Inbound } from './inbound.ts';
import { type ConnectionLimits, defaultConnectionLimits } from './limits.ts';
import { Listeners } from './listeners.ts';
import { ConnectionPool } from './pool.ts';
import { Tracer } from './publish.ts';
import type { NextHops } from './resolver.ts';
import { type StreamOptions, Streams } from './streams.ts';
import { TcpListener } from './tcp.ts';
import type { FaultListener, Hop, Listening, Source, TlsRefusal, TransportName } from './types.ts';
import { failLater } from './failure.ts';
import { UdpListener } from './udp.ts';

export type TransportOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly trace: TraceChannel;
  readonly guard: SourceGuard;
  readonly nextHops: NextHops;
  /** Host (or host:port) we tell others instead of the address we listen on. */
  readonly advertise?: string;
  /** Is this address an edge proxy of ours, to be believed who sent a request? Default: none is. */
  readonly isEdge?: (address: string) => boolean;
  readonly messageLimits?: MessageLimits;
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** Kernel buffer of a UDP socket, bytes. */
  readonly udpBuffer?: number;
  /** Send requests longer than this (RFC 3261 §18.1.1 says 1300) over TCP to peers with whom a TCP connection stands.
   * Default: never; networks that drop fragments are rarer than peers that do not speak TCP. */
  readonly preferTcpOver?: number;
} & Pick<StreamOptions, 'certificates' | 'tlsPeer' | 'origins' | 'asksClient'>;

/** Every SIP socket of the process: bytes in, messages up; bytes down, datagrams and streams out. RFC 3261 §18. */
export class TransportLayer {
  /** Who hears of messages. A request's top Via says by then where it really came from. */
  onMessage: (message: SipMessage, source: Source) => void = () => {};
  /** A connection is gone: what was reached through it is not any more. */
  onClosed: (connectionId: string) => void = () => {};
  /** TLS could not be agreed on with this peer: nothing was said over it. */
  onUnsecured: (refusal: TlsRefusal) => void = () => {};
  readonly guard: SourceGuard;
  readonly #options: TransportOptions;
  readonly #tracer: Tracer;
  readonly #inbound: Inbound;
  readonly #pool: ConnectionPool;
  readonly #streams: Streams;
  readonly #listeners = new Listeners();
  readonly #tcp: TcpListener[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.guard = options.guard;
    this.#tracer = new Tracer(options.trace, options.clock);
    this.#inbound = new Inbound({
      log: options.log,
      guard: options.guard,
      tracer: this.#tracer,
      limits: options.messageLimits ?? defaultLimits,
      isEdge: options.isEdge ?? (() => false),
      deliver: (message, source) => this.onMessage(message, source),
      answer: (bytes, source) => this.reply(bytes, source),
    });
    const limits = { ...defaultConnectionLimits, ...options.connectionLimits };
    const { log, certificates, tlsPeer, origins, asksClient } = options;
    this.#streams = new Streams({ log, limits, certificates, tlsPeer, origins, asksClient });
    this.#pool = new ConnectionPool({
      clock: options.clock,
      log,
      guard: options.guard,
      limits,
      received: (connection, bytes) => this.#streamed(connection, bytes),
      closed: (connection) => this.#closed(connection.id),
      unsecured: ({ side, transport, address, port, host }, fault) =>
        this.onUnsecured({ side, transport, address, port, host, ...fault }),
    });
  }

  /** Listens on `udp://127.0.0.1:5060` or the like; port 0 lets the system choose. Throws GraineError when it cannot. */
  async listen(spec: string): Promise<Listening> {
    const at = parseListen(spec);
    try {
      if (at.transport === 'udp') return this.#listening(at, await this.#openUdp(at));
      return this.#listening(at, await this.#openStream(at));
    } catch (fault) {
      if (fault instanceof GraineError) throw fault;
      throw new GraineError(badListenAddress, { spec, why: messageOf(fault) }, { cause: fault });
    }
  }

  listening(): readonly Listening[] {
    return this.#listeners.all().map(({ transport, address, port, advertisedHost, advertisedPort }) => {
      return { transport, address, port, advertisedHost, advertisedPort };
    });
  }

  /** Sends to a hop. Never throws; tells the listener, later, when the bytes could not leave. */
  send(bytes: Buffer, to: Hop, listener?: FaultListener): void {
    this.#options.guard.expect(to.address);
    if (to.transport === 'udp') this.#sendUdp(bytes, to, listener);
    else this.#sendStream(bytes, to, listener);
  }

  /** Sends a response back where its request came from. RFC 3261 §18.2.2. */
  reply(bytes: Buffer, to: Source, listener?: FaultListener): void {
    if (to.transport === 'udp') {
      this.#sendUdp(bytes, to.replyPort === undefined ? to : { ...to, port: to.replyPort }, listener, to);
      return;
    }
    const { transport, address, port, connectionId, replyPort } = to;
    const connection = connectionId === undefined ? undefined : this.#pool.byId(connectionId);
    if (connection !== undefined) this.#sendOver(connection, bytes, listener);
    // Nobody listens where a WebSocket came from (RFC 7118 §5), least of all at a port the peer names.
    else if (transport === 'ws' || transport === 'wss') failLater(listener);
    // The connection is gone: the address it came from, at the port its Via names.
    else this.#sendStream(bytes, { transport, address, port: replyPort ?? port }, listener);
  }

  /** `host:port` of ours that a peer at this hop can reach: Via sent-by and Contact. */
  localFor(to: Hop): string {
    return this.#listeners.localFor(to);
  }

  /** The Via of a request to this hop. */
  viaFor(to: Hop, branch: string): string {
    return this.#listeners.viaFor(to, branch);
  }

  /** The hop to use for a request of this many bytes. RFC 3261 §18.1.1, when configured. */
  hopFor(to: Hop, bytes: number): Hop {
    const over = this.#options.preferTcpOver;
    if (over === undefined || bytes <= over || to.transport !== 'udp') return to;
    const tcp: Hop = { transport: 'tcp', address: to.address, port: to.port };
    return this.#pool.find(tcp) === undefined ? to : tcp;
  }

  /** Next hops of a URI, best first; none when it leads nowhere. Not a promise where no DNS is needed. RFC 3263. */
  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]> {
    return this.#options.nextHops.resolve(uri);
  }

  /** Keeps a connection open while idle, until `release`: a registered contact is reached through it. False when gone. */
  keep(connectionId: string): boolean {
    const connection = this.#pool.byId(connectionId);
    if (connection !== undefined) connection.keepers++;
    return connection !== undefined;
  }

  /** Does this connection stand? */
  alive(connectionId: string): boolean {
    return this.#pool.byId(connectionId) !== undefined;
  }

  release(connectionId: string): void {
    const connection = this.#pool.byId(connectionId);
    if (connection !== undefined && connection.keepers > 0) connection.keepers--;
  }

  /** Counts towards the ban of a source. */
  offence(source: Source, weight: number): void {
    this.#options.guard.penalize(originOf(source).address, weight);
  }

  /** It proved to be one of ours. */
  good(source: Source): void {
    this.#options.guard.forgive(originOf(source).address);
  }

  /** Connections by transport: those that stand, and those closed for what their peer did. */
  streams(): { open: Record<TransportName, number>; faulty: Readonly<Record<TransportName, number>>; refused: number } {
    const { faulty, refused } = this.#pool.stats;
    return { open: this.#pool.count(), faulty, refused };
  }

  dump(): object {
    return {
      listening: this.listening(),
      streams: this.streams(),
      inbound: { ...this.#inbound.stats },
      guard: this.#options.guard.stats(),
      connections: this.#pool.dump(),
    };
  }

  /** Closes every socket. Resolves when the system has let go of them; calling again waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    this.#pool.close();
    const udp = this.#listeners.all().flatMap((each) => each.udp ?? []);
    this.#listeners.clear();
    await Promise.all([...this.#tcp, ...udp].map((each) => each.close()));
  }

  #openUdp(at: { address: string; port: number }): Promise<UdpListener> {
    const { log, udpBuffer } = this.#options;
    const { address } = at;
    let port = at.port;
    const received = (bytes: Buffer, from: RemoteInfo): void => {
      const remote = plainAddress(from.address);
      this.#inbound.take(bytes, {
        transport: 'udp',
        address: remote,
        port: from.port,
        localAddress: address,
        localPort: port,
      });
    };
    const opening = UdpListener.open({ address, port, buffer: udpBuffer ?? 4_194_304, log, received });
    return opening.then((listener) => {
      port = listener.port;
      return listener;
    });
  }

  async #openStream(at: ListenAddress): Promise<TcpListener> {
    const greet = this.#streams.greeter(at);
    const listener = await TcpListener.open(at, (socket, peer) => this.#pool.accept(socket, peer, greet));
    this.#tcp.push(listener);
    return listener;
  }

  #listening(at: ListenAddress, opened: UdpListener | TcpListener): Listening {
    const { transport, address } = at;
    const { port } = opened;
    const [host = '', told] = splitAdvertised(this.#options.advertise);
    const own = isWildcard(address) ? outwardAddress(address.includes(':') ? 6 : 4) : address;
    const listening: Listening = {
      transport,
      address,
      port,
      advertisedHost: host === '' ? own : host,
      advertisedPort: told ?? port,
    };
    this.#listeners.add(opened instanceof UdpListener ? { ...listening, udp: opened } : listening);
    return listening;
  }

  #sendUdp(bytes: Buffer, to: Pick<Hop, 'address' | 'port'>, listener?: FaultListener, via?: Source): void {
    const from =
      (via && this.#listeners.at('udp', via.localAddress, via.localPort)) ??
      this.#listeners.for({ transport: 'udp', address: to.address, port: to.port });
    if (from?.udp === undefined) {
      failLater(listener);
      return;
    }
    this.#tracer.sent(bytes, { transport: 'udp', local: from, remote: to });
    from.udp.send(bytes, to, listener);
  }

  #sendStream(bytes: Buffer, to: Hop, listener: FaultListener | undefined): void {
    // A flow that is gone is gone: its peer may be behind NAT, and its port somebody else's by now. RFC 5626 §5.3.
    const connection = this.#pool.find(to) ?? (to.connectionId === undefined ? this.#connect(to) : undefined);
    if (connection === undefined) failLater(listener);
    else this.#sendOver(connection, bytes, listener);
  }

  #connect(to: Hop): Connection | undefined {
    if (this.#closing !== undefined || to.port < 1 || to.port > 65535) return undefined;
    return this.#pool.adopt(to, (hop) => this.#streams.connect(hop));
  }

  #sendOver(connection: Connection, bytes: Buffer, listener: FaultListener | undefined): void {
    const { transport, localAddress, localPort } = connection;
    this.#tracer.sent(bytes, { transport, local: { address: localAddress, port: localPort }, remote: connection });
    connection.send(bytes, listener);
  }

  #closed(connectionId: string): void {
    try {
      this.onClosed(connectionId);
    } catch (fault) {
      this.#options.log.error({ connection: connectionId, fault: messageOf(fault) }, 'closed connection not handled');
    }
  }

  #streamed(connection: Connection, bytes: Buffer): void {
    const { id, transport, address, port, localAddress, localPort } = connection;
    const from = { transport, address, port, localAddress, localPort, connectionId: id };
    const { certificate } = connection;
    const fault = this.#inbound.take(bytes, certificate === undefined ? from : { ...from, certificate });
    if (fault !== undefined) connection.close(`bad message: ${fault}`, 'peer');
  }
}

function splitAdvertised(text: string | undefined): [host: string, port: number | undefined] {
  if (text === undefined) return ['', undefined];
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text);
  if (match === null) return [text, undefined];
  return [(match[1] ?? text).replace(/^\[|\]$/g, ''), match[2] === undefined ? undefined : Number(match[2])];
}
