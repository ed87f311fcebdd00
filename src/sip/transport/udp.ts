import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Log } from '../../base/index.ts';
import { failLater } from './failure.ts';
import type { FaultListener } from './types.ts';

type LookupDone = (fault: Error | null, address: string, family: number) => void;

/** We send to IP literals only, so the look-up that dgram makes for each send can answer at once. */
function literalLookup(family: 4 | 6) {
  return (host: string, _options: unknown, done: LookupDone): void => done(null, host, family);
}

export type UdpOptions = {
  readonly address: string;
  readonly port: number;
  /** Bytes of kernel buffer each way. */
  readonly buffer: number;
  readonly log: Log;
  readonly received: (bytes: Buffer, from: RemoteInfo) => void;
};

/** One UDP socket. */
export class UdpListener {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  #closing: Promise<void> | undefined;

  private constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket;
    this.address = options.address;
    this.port = socket.address().port;
    socket.on('error', (fault) => options.log.warn({ fault: fault.message }, 'UDP socket fault'));
    socket.on('message', options.received);
  }

  static open(options: UdpOptions): Promise<UdpListener> {
    const { address, port, buffer, log } = options;
    const v6 = address.includes(':');
    const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6, lookup: literalLookup(v6 ? 6 : 4) });
    return new Promise((resolve, reject) => {
      socket.once('error', (fault) => {
        socket.close();
        reject(fault);
      });
      socket.bind({ address, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        try {
          socket.setRecvBufferSize(buffer);
          socket.setSendBufferSize(buffer);
        } catch (fault) {
          log.warn({ fault: String(fault) }, 'UDP buffers stay at the default size');
        }
        resolve(new UdpListener(socket, options));
      });
    });
  }

  send(
    bytes: Buffer,
    to: { readonly address: string; readonly port: number },
    listener: FaultListener | undefined,
  ): void {
    if (this.#closing !== undefined || to.port < 1 || to.port > 65535) {
      failLater(listener);
      return;
    }
    if (listener === undefined) this.#socket.send(bytes, to.port, to.address);
    else
      this.#socket.send(bytes, to.port, to.address, (fault) =>
        fault === null ? undefined : listener.transportFailed(),
      );
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(resolve));
    return this.#closing;
  }
}
