/** A phone's sockets: UDP and TCP (or TLS) on one port of one address, and WebSockets it opens. RFC 3261 §18, RFC 7118. */
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { WebSocket } from 'ws';
import type { Peer, Transport } from './transcript.ts';

export type Receiver = (bytes: Buffer, from: Peer) => void;

/** PEM texts. With `cert` and `key` a phone of transport tls also listens; `ca` is whom it believes. */
export type PhoneTls = {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** The name it asks for (SNI) and insists on. */
  readonly servername?: string;
  /** Peers that connect must show a certificate that `ca` signed. */
  readonly requestCert?: boolean;
};

export type WireOptions = {
  readonly address: string;
  readonly port: number;
  readonly transport: Transport;
  readonly tls: PhoneTls;
};

/** A stream, or a WebSocket. */
type Line = { send(bytes: Buffer): void; cut(): void; readonly open: boolean };

/** A stream that holds more without a whole message in it is no SIP. */
const longest = 1 << 18;

export class Wire {
  readonly address: string;
  readonly port: number;
  readonly #options: WireOptions;
  readonly #udp: dgram.Socket;
  readonly #server: net.Server;
  readonly #lines = new Map<string, Line>();
  readonly #receive: Receiver;
  /** Names it knows without asking anybody: `host:port` → where that is. */
  readonly names = new Map<string, { readonly host: string; readonly port: number }>();

  private constructor(sockets: { udp: dgram.Socket; server: net.Server }, options: WireOptions, receive: Receiver) {
    const { udp, server } = sockets;
    this.#udp = udp;
    this.#server = server;
    this.#options = options;
    this.#receive = receive;
    const bound = udp.address();
    this.address = bound.address;
    this.port = bound.port;
    udp.on('message', (bytes, from) => receive(bytes, { transport: 'udp', address: from.address, port: from.port }));
    udp.on('error', () => {});
    server.on('secureConnection', (socket: net.Socket) => this.#adopt(socket, peerOf('tls', socket)));
    server.on('tlsClientError', () => {});
    if (!(server instanceof tls.Server)) {
      server.on('connection', (socket: net.Socket) => this.#adopt(socket, peerOf('tcp', socket)));
    }
  }

  /** Binds both on one port; a port number taken by one of them is tried again when it was ours to choose. */
  static async open(options: WireOptions, receive: Receiver): Promise<Wire> {
    const { address, port } = options;
    for (let attempt = 0; ; attempt++) {
      const udp = dgram.createSocket({ type: net.isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject);
        udp.bind(port, address, () => resolve());
      });
      const server = serverOf(options);
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(udp.address().port, address, resolve);
        });
        return new Wire({ udp, server }, options, receive);
      } catch (fault) {
        udp.close();
        if (port !== 0 || attempt > 20) throw fault;
      }
    }
  }

  send(bytes: Buffer, towards: Peer): void {
    const known = this.names.get(`${towards.address}:${towards.port}`);
    const to = known === undefined ? towards : { ...towards, address: known.host, port: known.port };
    if (!(to.port > 0 && to.port < 65_536)) return;
    if (to.transport === 'udp') {
      this.#udp.send(bytes, to.port, to.address, () => {});
      return;
    }
    const line = this.#lines.get(`${to.address}:${to.port}`);
    (line?.open === true ? line : this.#connect(to)).send(bytes);
  }

  /** Cuts every connection, or the one to there, as a reboot or a NAT would. */
  cut(to?: { readonly host: string; readonly port: number }): void {
    for (const [place, line] of this.#lines) {
      if (to !== undefined && place !== `${to.host}:${to.port}`) continue;
      line.cut();
      this.#lines.delete(place);
    }
  }

  async close(): Promise<void> {
    this.cut();
    await Promise.all([
      new Promise<void>((resolve) => {
        this.#udp.close(() => resolve());
      }),
      new Promise<void>((resolve) => {
        this.#server.close(() => resolve());
      }),
    ]);
  }

  #connect(to: Peer): Line {
    const { transport, tls: secrets } = this.#options;
    const { address: host, port } = to;
    const from = { localAddress: this.address };
    if (to.transport === 'tcp') return this.#adopt(net.connect({ host, port, ...from }), to);
    if (to.transport === 'tls') {
      const socket = tls.connect({ host, port, ...from, ...secrets });
      return this.#adopt(socket, to);
    }
    // A URI says `ws` where wss is meant: the phone knows which it speaks.
    const scheme = transport === 'wss' ? 'wss' : to.transport;
    return this.#adoptWebSocket(new WebSocket(`${scheme}://${host}:${port}/`, 'sip', { ...secrets }), to);
  }

  #adopt(socket: net.Socket, from: Peer): Line {
    const line: Line = {
      send: (bytes) => void socket.write(bytes),
      cut: () => socket.destroy(),
      get open() {
        return !socket.destroyed;
      },
    };
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = this.#frame(Buffer.concat([pending, chunk]), from);
      if (pending.length > longest) socket.destroy();
    });
    return this.#enter(line, from, socket);
  }

  #adoptWebSocket(socket: WebSocket, from: Peer): Line {
    const line: Line = {
      send: (bytes) => {
        if (socket.readyState === WebSocket.CONNECTING) socket.once('open', () => line.send(bytes));
        else socket.send(bytes, { binary: false }, () => {});
      },
      cut: () => socket.terminate(),
      get open() {
        return socket.readyState <= WebSocket.OPEN;
      },
    };
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data) && data.length > 4) this.#receive(data, from);
    });
    return this.#enter(line, from, socket);
  }

  #enter(line: Line, from: Peer, socket: { on(event: 'error' | 'close', listener: () => void): unknown }): Line {
    const key = `${from.address}:${from.port}`;
    this.#lines.set(key, line);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#lines.get(key) === line) this.#lines.delete(key);
    });
    return line;
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

function serverOf({ transport, tls: secrets }: WireOptions): net.Server {
  const { cert, key, ca, requestCert = false } = secrets;
  if (transport !== 'tls' || cert === undefined || key === undefined) return net.createServer();
  return tls.createServer({ cert, key, requestCert, ...(ca === undefined ? {} : { ca }) });
}

function peerOf(transport: 'tcp' | 'tls', socket: net.Socket): Peer {
  return { transport, address: (socket.remoteAddress ?? '').replace('::ffff:', ''), port: socket.remotePort ?? 0 };
}
