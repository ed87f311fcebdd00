import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, createServer, rootCertificates, type Server, type TLSSocket } from 'node:tls';
import { HandshakeCarriage, StreamCarriage } from './carriage.ts';
import { type Certificates, oldestTls } from './certificates.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Hop } from './types.ts';

/** How a certain peer wants TLS: mutual, with its own authority, or unchecked. Files of PEM. */
export type TlsPeer = {
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly ca?: string | undefined;
  /** False: any certificate will do. */
  readonly verify?: boolean | undefined;
};

type Greeting = {
  /** For certificates of clients. */
  readonly asks: boolean;
  readonly secured: (socket: TLSSocket, carriage: HandshakeCarriage) => void;
};

/** Lays TLS over connections that peers have made. Never listens itself: the pool decides who comes this far. */
export class TlsGreeter {
  readonly #server: Server;
  readonly #waiting = new Map<string, HandshakeCarriage>();
  readonly #secured: Greeting['secured'];

  constructor(certificates: Certificates, { asks, secured }: Greeting) {
    this.#secured = secured;
    this.#server = createServer({
      ...certificates.usual,
      SNICallback: (name, done) => done(null, certificates.named(name)),
      // Never refused here: what the handshake tells a carrier is less than a response can, and others share the port.
      requestCert: asks,
      rejectUnauthorized: false,
    });
    this.#server.on('secureConnection', (socket) => this.#done(socket));
    this.#server.on('tlsClientError', (fault: NodeJS.ErrnoException, socket) => {
      const code = fault.code ?? fault.message;
      this.#waiting.get(keyOf(socket))?.failed(`TLS handshake: ${code}`, code);
    });
  }

  /** From now on new connections are shown these. */
  renew(certificates: Certificates): void {
    this.#server.setSecureContext(certificates.usual);
  }

  greet(raw: Socket): HandshakeCarriage {
    const carriage = new HandshakeCarriage(raw);
    const key = keyOf(raw);
    this.#waiting.set(key, carriage);
    raw.once('close', () => {
      if (this.#waiting.get(key) === carriage) this.#waiting.delete(key);
    });
    this.#server.emit('connection', raw);
    return carriage;
  }

  #done(socket: TLSSocket): void {
    const carriage = this.#waiting.get(keyOf(socket));
    socket.on('error', () => {});
    this.#waiting.delete(keyOf(socket));
    if (carriage === undefined) socket.destroy();
    else this.#secured(socket, carriage);
  }
}

/** TLS hides which raw socket it runs over; both know their peer. Peers of two listeners may share a port. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

/** Starts TLS to a hop. Throws when a file of the peer's cannot be read. */
export function connectTls(hop: Hop, limits: ConnectionLimits, options: ConnectionOptions): StreamCarriage {
  return new StreamCarriage(connect({ ...options, host: hop.address, port: hop.port }), limits, {
    opening: 'secureConnect',
  });
}

/** What to show, whom to believe, and which name to insist on. RFC 5922 §4: the name the URI had, whatever DNS made of it. */
export function clientOptions(
  hop: Hop,
  certificates: Certificates | undefined,
  peer: TlsPeer | undefined,
): ConnectionOptions {
  const name = hop.host ?? hop.address;
  const usual = certificates?.authorities ?? [...rootCertificates];
  const { clientCert, clientKey, ca, verify = true } = peer ?? {};
  const pem = (file: string): string => readFileSync(file, 'utf8');
  return {
    minVersion: oldestTls,
    // An address is no name to ask for (RFC 6066 §3), yet the certificate must have it.
    servername: isIP(name) === 0 ? name : '',
    ca: ca === undefined ? usual : [...usual, pem(ca)],
    rejectUnauthorized: verify,
    ...(clientCert === undefined || clientKey === undefined ? {} : { cert: pem(clientCert), key: pem(clientKey) }),
  };
}
