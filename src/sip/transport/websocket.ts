import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type Carriage, type CarriageSink, HandshakeCarriage, localOf } from './carriage.ts';
import type { ConnectionLimits } from './limits.ts';
import { hostPort } from './address.ts';
import type { Hop } from './types.ts';

/** RFC 7118 §4.1. */
const subprotocol = 'sip';

/** One WebSocket: each of its messages is one of SIP, or a keep-alive. RFC 7118 §4. */
export class WebSocketCarriage implements Carriage {
  readonly local: Carriage['local'];
  readonly pending = 0;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, local: Carriage['local']) {
    this.#socket = socket;
    this.local = local;
  }

  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  readonly probe = (): void => this.#socket.ping();

  attach(sink: CarriageSink): void {
    const socket = this.#socket;
    if (socket.readyState === WebSocket.OPEN) sink.opened();
    else socket.once('open', () => sink.opened());
    socket.on('message', (data: RawData) => take(bytesOf(data), sink));
    socket.on('ping', (data: Buffer) => {
      sink.heard();
      sink.ping(() => socket.pong(data));
    });
    socket.on('pong', () => sink.heard());
    socket.on('error', (fault) => sink.broke(fault.message, blameOf(fault)));
    socket.on('close', () => sink.broke('the peer closed', 'nobody'));
  }

  write(bytes: Buffer, done: ((fault?: Error | null) => void) | undefined): void {
    // RFC 7118 §5: what is not UTF-8 goes in a binary frame.
    this.#socket.send(bytes, { binary: !isUtf8(bytes) }, done);
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

export type WebSocketOptions = {
  readonly limits: ConnectionLimits;
  /** Origins browsers may come from, such as https://phone.example.test; empty: any. */
  readonly origins: readonly string[];
};

/** Answers the HTTP of a WebSocket handshake, and nothing else. Never listens itself. */
export class WebSocketGreeter {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #origins: ReadonlySet<string>;
  readonly #greeted = new WeakMap<Duplex, HandshakeCarriage>();

  constructor({ limits, origins }: WebSocketOptions) {
    this.#origins = new Set(origins.map((each) => each.toLowerCase()));
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.head + limits.body,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false,
      handleProtocols: () => subprotocol,
    });
    this.#sockets.on('wsClientError', (_fault, socket) => this.#refuse(socket, '400 Bad Request'));
    this.#http = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
      const refused = (): void => this.#greeted.get(request.socket)?.failed('HTTP, not a WebSocket');
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket' }).end(refused);
    });
    this.#http.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (fault: NodeJS.ErrnoException, socket) => {
      this.#greeted.get(socket)?.failed(`WebSocket handshake: ${fault.code ?? fault.message}`);
    });
  }

  greet(raw: Socket): HandshakeCarriage {
    const carriage = new HandshakeCarriage(raw);
    this.greetOver(raw, carriage);
    return carriage;
  }

  /** The same over TLS: `socket` is the secured one. */
  greetOver(socket: Socket, carriage: HandshakeCarriage): void {
    this.#greeted.set(socket, carriage);
    // After an upgrade HTTP listens no more, and a fault nobody hears would end the process.
    socket.on('error', () => {});
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const carriage = this.#greeted.get(socket);
    if (carriage === undefined) return void socket.destroy();
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      carriage.established(new WebSocketCarriage(opened, localOf(socket)));
    });
  }

  #refuse(socket: Duplex, status: string): void {
    const answer = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    socket.end(answer, () => this.#greeted.get(socket)?.failed(`WebSocket handshake: ${status}`));
  }

  #refusal(request: IncomingMessage): string | undefined {
    const { origin } = request.headers;
    // Only browsers tell an origin, and they cannot be made to lie.
    if (origin !== undefined && this.#origins.size > 0 && !this.#origins.has(origin.toLowerCase())) {
      return '403 Forbidden';
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
    return offered.includes(subprotocol) ? undefined : '400 Subprotocol sip required';
  }
}

/** Starts a WebSocket to a hop. */
export function connectWebSocket(hop: Hop, limits: ConnectionLimits, options: ConnectionOptions): WebSocketCarriage {
  const { host, address, port, transport } = hop;
  const socket = new WebSocket(`${transport}://${hostPort(address, port)}/`, subprotocol, {
    ...(transport === 'wss' ? options : {}),
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: limits.head + limits.body,
    handshakeTimeout: limits.connectMs,
    ...(host === undefined ? {} : { headers: { Host: hostPort(host, port) } }),
  });
  return new WebSocketCarriage(socket, { address: '', port: 0 });
}

/** RFC 5626 §4.4.1 over WebSocket: a double CRLF is asked, a single one is an answer. */
function take(bytes: Buffer, sink: CarriageSink): void {
  sink.heard();
  if (bytes.length > 4 || !bytes.every((byte) => byte === 0x0d || byte === 0x0a)) sink.frame(bytes);
  else if (bytes.length === 4) sink.ping();
  // Asks nothing, yet counts.
  else sink.ping(() => {});
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** `ws` tells a broken protocol (WS_ERR_…) from a broken network. */
function blameOf(fault: Error & { code?: string }): 'peer' | 'nobody' {
  return fault.code?.startsWith('WS_ERR') === true ? 'peer' : 'nobody';
}
