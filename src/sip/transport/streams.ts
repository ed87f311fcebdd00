import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { GraineError, type Log, messageOf } from '../../base/index.ts';
import { badListenAddress, isMetadata, type ListenAddress, plainAddress } from './address.ts';
import { type Carriage, type HandshakeCarriage, StreamCarriage } from './carriage.ts';
import type { Certificates } from './certificates.ts';
import type { ConnectionLimits } from './limits.ts';
import { connectTcp } from './tcp.ts';
import { certificateOf } from './peer-certificate.ts';
import { clientOptions, connectTls, TlsGreeter, type TlsPeer } from './tls.ts';
import type { Hop } from './types.ts';
import { connectWebSocket, WebSocketGreeter } from './websocket.ts';

export type StreamOptions = {
  readonly log: Log;
  readonly limits: ConnectionLimits;
  /** What tls and wss listeners show; also whom we believe. */
  readonly certificates?: Certificates | undefined;
  /** Must who connects from there to a tls listener be asked for a certificate? Who shows none, or a wrong one, still gets in. */
  readonly asksClient?: ((address: string, port: number) => boolean) | undefined;
  /** How a peer wants TLS, where it wants it in its own way. */
  readonly tlsPeer?: ((hop: Hop) => TlsPeer | undefined) | undefined;
  /** Origins that browsers may come from; empty: any. */
  readonly origins?: readonly string[] | undefined;
};

type Wrap = (socket: Socket) => Carriage;

/** The stream transports: what to lay over a TCP connection that a peer has made, and how to make one. */
export class Streams {
  readonly #options: StreamOptions;
  readonly #tls: TlsGreeter | undefined;
  readonly #asking: TlsGreeter | undefined;
  readonly #wss: TlsGreeter | undefined;
  readonly #webSockets: WebSocketGreeter;

  constructor(options: StreamOptions) {
    const { limits, certificates, origins = [] } = options;
    this.#options = options;
    this.#webSockets = new WebSocketGreeter({ limits, origins });
    if (certificates === undefined) return;
    const streamed = (socket: TLSSocket, carriage: HandshakeCarriage): void => {
      carriage.established(new StreamCarriage(socket, limits, { certificate: certificateOf(socket) }));
    };
    this.#tls = new TlsGreeter(certificates, { asks: false, secured: streamed });
    this.#asking = new TlsGreeter(certificates, { asks: true, secured: streamed });
    // Never asked: browsers would bother their users with a choice of certificates.
    this.#wss = new TlsGreeter(certificates, {
      asks: false,
      secured: (socket, carriage) => this.#webSockets.greetOver(socket, carriage),
    });
    certificates.onChange = () => {
      this.#tls?.renew(certificates);
      this.#asking?.renew(certificates);
      this.#wss?.renew(certificates);
    };
  }

  /** Of a listener of this transport. Throws when it needs a certificate and there is none. */
  greeter({ transport, address, port }: ListenAddress): Wrap {
    const secured = transport === 'tls' ? this.#tls : this.#wss;
    if (transport === 'tcp') return (socket) => new StreamCarriage(socket, this.#options.limits);
    if (transport === 'ws') return (socket) => this.#webSockets.greet(socket);
    if (secured !== undefined) return (socket) => (this.#askingFor(transport, socket) ?? secured).greet(socket);
    throw new GraineError(badListenAddress, { spec: `${transport}://${address}:${port}`, why: 'it needs sip.tls' });
  }

  #askingFor(transport: Hop['transport'], socket: Socket): TlsGreeter | undefined {
    const address = plainAddress(socket.remoteAddress ?? '');
    const asks = transport === 'tls' && this.#options.asksClient?.(address, socket.remotePort ?? 0) === true;
    return asks ? this.#asking : undefined;
  }

  /** Starts a connection; undefined when that cannot even be tried. */
  connect(hop: Hop): Carriage | undefined {
    const { limits, log } = this.#options;
    try {
      if (hop.transport === 'tcp') return new StreamCarriage(connectTcp(hop), limits, { opening: 'connect' });
      // A WebSocket begins as HTTP: it must not ask a cloud for its secrets.
      if (hop.transport !== 'tls' && isMetadata(hop.address)) return undefined;
      if (hop.transport === 'ws') return connectWebSocket(hop, limits, {});
      const options = this.#clientOptions(hop);
      return hop.transport === 'tls' ? connectTls(hop, limits, options) : connectWebSocket(hop, limits, options);
    } catch (fault) {
      const { transport, address, port, host } = hop;
      log.error({ transport, address, port, host, fault: messageOf(fault) }, 'a connection could not be started');
      return undefined;
    }
  }

  #clientOptions(hop: Hop): ReturnType<typeof clientOptions> {
    return clientOptions(hop, this.#options.certificates, this.#options.tlsPeer?.(hop));
  }
}
