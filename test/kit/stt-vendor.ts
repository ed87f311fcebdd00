/** A customer's own recogniser (`custom:kit`), by jambonz's custom STT API: a real server that hears what the story says. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Journal } from '../../src/testing/index.ts';
import type { Json } from './hook-app.ts';
import type { World } from './world.ts';

export class SttVendor {
  readonly vendor = 'custom:kit';
  /** The `start` of every stream. */
  readonly starts = new Journal<Record<string, Json>>();
  /** Resolved streams: the vendor was told `stop`, or the connection went. */
  readonly stops = new Journal<'stop' | 'gone'>();
  /** Pieces of sound. */
  readonly sound = new Journal<number>();
  /** Said after `stop`, as a last final result. */
  lastWords: string | undefined;
  readonly #http: http.Server;
  #socket: WebSocket | undefined;

  private constructor(server: http.Server) {
    this.#http = server;
    new WebSocketServer({ server }).on('connection', (socket) => this.#connected(socket));
  }

  static async start(): Promise<SttVendor> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A story file need not close it: it does not keep the process.
    server.unref();
    return new SttVendor(server);
  }

  /** Gives the account of the world a credential. The function it resolves with takes it back. */
  async credential(w: World): Promise<() => Promise<void>> {
    const url = `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/stt`;
    const body = { vendor: this.vendor, auth_token: 'key-of-kit', custom_stt_url: url };
    const made = await w.account('POST', '/SpeechCredentials', body);
    if (made.status !== 201) throw new Error(`credential: ${JSON.stringify(made.body)}`);
    return async () => void (await w.account('DELETE', `/SpeechCredentials/${made.body.sid}`));
  }

  /** On the newest stream. */
  hears(transcript: string, { final = true, confidence = 0.9 } = {}): void {
    const alternatives = [{ transcript, confidence }];
    this.#send({ type: 'transcription', is_final: final, alternatives, language: 'en-GB', channel: 1 });
  }

  fails(error: string): void {
    this.#send({ type: 'error', error });
  }

  reset(): void {
    this.starts.entries.length = 0;
    this.stops.entries.length = 0;
    this.sound.entries.length = 0;
    this.lastWords = undefined;
  }

  #send(message: unknown): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #connected(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => this.stops.add('gone'));
    socket.on('message', (data: Buffer, binary) => {
      if (binary) return this.sound.add(data.length);
      const message = JSON.parse(data.toString()) as Record<string, Json>;
      if (message['type'] === 'start') return this.starts.add(message);
      this.stops.add('stop');
      if (this.lastWords !== undefined) this.hears(this.lastWords);
      socket.close();
    });
  }
}
