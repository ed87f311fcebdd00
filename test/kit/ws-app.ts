/** A customer's WebSocket application: a real server that speaks the protocol by hand, message by message. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Journal } from '../../src/testing/index.ts';
import type { Json } from './hook-app.ts';

export type WsMessage = {
  readonly type: string;
  readonly msgid: string;
  readonly seq: number;
  readonly call_sid: string;
  readonly hook?: string;
  readonly redelivered?: boolean;
  readonly data: Record<string, Json>;
  /** Which connection it came on, from 0. */
  readonly connection: number;
};

/** What a message is answered with: verbs (an ack with data), an ack without, nothing at all, or by hand. */
export type WsAnswer = readonly unknown[] | 'ack' | 'silence' | ((message: WsMessage, app: WsApp) => void);

export class WsApp {
  readonly messages = new Journal<WsMessage>();
  readonly connections: { request: http.IncomingMessage; socket: WebSocket }[] = [];
  readonly closes = new Journal<{ code: number; connection: number }>();
  /** Refuses handshakes with this status. */
  refuses: number | undefined;
  readonly #http: http.Server;
  readonly #server: WebSocketServer;
  readonly #answers = new Map<string, WsAnswer>();

  private constructor(server: http.Server) {
    this.#http = server;
    this.#server = new WebSocketServer({
      noServer: true,
      handleProtocols: (protocols) => (protocols.has('ws.jambonz.org') ? 'ws.jambonz.org' : false),
    });
    server.on('upgrade', (request, socket, head) => {
      if (this.refuses !== undefined) return void socket.end(`HTTP/1.1 ${this.refuses} No\r\n\r\n`);
      this.#server.handleUpgrade(request, socket, head, (each) => this.#connected(request, each));
    });
  }

  static async start(): Promise<WsApp> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A story file need not close it: it does not keep the process.
    server.unref();
    return new WsApp(server);
  }

  url(path = '/app'): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}${path}`;
  }

  /** What messages of a type (or of a hook, which goes first) are answered with. Otherwise: an ack where one is due. */
  on(typeOrHook: string, answer: WsAnswer): void {
    this.#answers.set(typeOrHook, answer);
  }

  /** The next message that matches and was not taken yet. */
  async next(type: string, match: (message: WsMessage) => boolean = () => true): Promise<WsMessage> {
    const found = await this.messages.until(
      (message) => message.type === type && match(message) && !this.#taken.has(message),
      { what: `a ${type} message` },
    );
    this.#taken.add(found);
    return found;
  }
  readonly #taken = new Set<WsMessage>();

  ack(message: WsMessage, data?: unknown): void {
    this.send({ type: 'ack', msgid: message.msgid, ...(data === undefined ? {} : { data }) }, message.connection);
  }

  command(command: string, data: unknown, more: Record<string, unknown> = {}): void {
    this.send({ type: 'command', command, data, ...more });
  }

  /** On the newest connection unless told otherwise. Strings and buffers go as they are. */
  send(message: unknown, connection = this.connections.length - 1): void {
    const raw = typeof message === 'string' || Buffer.isBuffer(message);
    this.connections[connection]?.socket.send(raw ? message : JSON.stringify(message));
  }

  /** The network fails: no close frame. */
  drop(connection = this.connections.length - 1): void {
    this.connections[connection]?.socket.terminate();
  }

  hangUp(code: number, connection = this.connections.length - 1): void {
    this.connections[connection]?.socket.close(code);
  }

  reset(): void {
    this.#answers.clear();
    this.messages.entries.length = 0;
    this.closes.entries.length = 0;
    this.connections.length = 0;
    this.refuses = undefined;
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    this.messages.close('the app was closed');
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #connected(request: http.IncomingMessage, socket: WebSocket): void {
    const connection = this.connections.push({ request, socket }) - 1;
    socket.on('error', () => {});
    socket.on('close', (code) => this.closes.add({ code, connection }));
    socket.on('message', (data: Buffer) => this.#heard({ ...(JSON.parse(data.toString()) as WsMessage), connection }));
  }

  #heard(message: WsMessage): void {
    this.messages.add(message);
    const answer = this.#answers.get(message.hook ?? '') ?? this.#answers.get(message.type);
    if (typeof answer === 'function') return answer(message, this);
    if (answer === 'silence') return;
    if (Array.isArray(answer)) return this.ack(message, answer);
    if (!['call:status', 'verb:status', 'jambonz:error'].includes(message.type)) this.ack(message);
  }
}
