import { connect, createServer, type Server, type Socket } from 'node:net';
import { type ListenAddress, plainAddress } from './address.ts';
import type { Hop } from './types.ts';

/** Listens for TCP connections, of any stream transport; hands each on, with who made it. */
export class TcpListener {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static open(at: ListenAddress, accept: (socket: Socket, peer: Hop) => void): Promise<TcpListener> {
    const server = createServer({ noDelay: true }, (socket) => {
      // A peer that is gone already has no address any more.
      if (socket.remoteAddress === undefined || socket.remotePort === undefined) socket.destroy();
      else
        accept(socket, {
          transport: at.transport,
          address: plainAddress(socket.remoteAddress),
          port: socket.remotePort,
        });
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.address, port: at.port, backlog: 1024, ipv6Only: at.address.includes(':') }, () => {
        server.off('error', reject);
        server.on('error', () => {}); // accept() faults (no descriptors left) pass; the server goes on.
        resolve(new TcpListener(server));
      });
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Stops accepting. Connections are the pool's to close. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Starts a connection to a hop. */
export function connectTcp(hop: Hop): Socket {
  return connect({ host: hop.address, port: hop.port, noDelay: true });
}
