/** A phone's sockets: UDP and TCP on one port of one address. RFC 3261 §18. */
import dgram from 'node:dgram';
import net from 'node:net';
import type { Peer } from './transcript.ts';

export type Receiver = (bytes: Buffer, from: Peer) => void;

export class Wire {
  readonly address: string;
  readonly port: number;
  readonly #udp: dgram.Socket;
  readonly #tcp: net.Server;
  readonly #connections = new Map<string, net.Socket>();
  readonly #receive: Receiver;

  private constructor(udp: dgram.Socket, tcp: net.Server, receive: Receiver) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.#receive = receive;
    const bound = udp.address();
    this.address = bound.address;
    this.port = bound.port;
    udp.on('message', (bytes, from) => receive(bytes, { transport: 'udp', address: from.address, port: from.port }));
    udp.on('error', () => {});
    tcp.on('connection', (socket) => this.#adopt(socket));
  }

  /** Binds both on one port; a port number taken by one of them is tried again when it was ours to choose. */
  static async open(address: string, port: number, receive: Receiver): Promise<Wire> {
    for (let attempt = 0; ; attempt++) {
      const udp = dgram.createSocket({ type: net.isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject);
        udp.bind(port, address, () => resolve());
      });
      const tcp = net.createServer();
      try {
        await new Promise<void>((resolve, reject) => {
          tcp.once('error', reject);
          tcp.listen(udp.address().port, address, resolve);
        });
        return new Wire(udp, tcp, receive);
      } catch (fault) {
        udp.close();
        if (port !== 0 || attempt > 20) throw fault;
      }
    }
  }

  send(bytes: Buffer, to: Peer): void {
    if (to.transport === 'udp') {
      this.#udp.send(bytes, to.port, to.address, () => {});
      return;
    }
    const known = this.#connections.get(`${to.address}:${to.port}`);
    if (known !== undefined && !known.destroyed) known.write(bytes);
    else this.#adopt(net.connect(to.port, to.address), to).write(bytes);
  }

  /** Cuts every TCP connection, as a reboot or a NAT would. */
  cut(): void {
    for (const socket of this.#connections.values()) socket.destroy();
    this.#connections.clear();
  }

  async close(): Promise<void> {
    this.cut();
    await Promise.all([
      new Promise<void>((resolve) => {
        this.#udp.close(() => resolve());
      }),
      new Promise<void>((resolve) => {
        this.#tcp.close(() => resolve());
      }),
    ]);
  }

  #adopt(socket: net.Socket, to?: Peer): net.Socket {
    const address = to?.address ?? (socket.remoteAddress ?? '').replace('::ffff:', '');
    const from: Peer = { transport: 'tcp', address, port: to?.port ?? socket.remotePort ?? 0 };
    const key = `${from.address}:${from.port}`;
    this.#connections.set(key, socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = this.#frame(Buffer.concat([pending, chunk]), from);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#connections.get(key) === socket) this.#connections.delete(key);
    });
    return socket;
  }

  /** Takes whole messages off the stream; returns the rest. RFC 3261 §18.3. */
  #frame(stream: Buffer, from: Peer): Buffer {
    let rest = stream;
    for (;;) {
      while (rest.length >= 2 && rest[0] === 13 && rest[1] === 10) rest = rest.subarray(2);
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return rest;
      const head = rest.toString('latin1', 0, end);
      const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
      if (rest.length < end + 4 + length) return rest;
      this.#receive(Buffer.from(rest.subarray(0, end + 4 + length)), from);
      rest = rest.subarray(end + 4 + length);
    }
  }
}
