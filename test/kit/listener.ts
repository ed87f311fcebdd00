/** A WebSocket server that listens to calls: keeps what it is sent, and speaks back. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Journal, levelOf } from '../../src/testing/index.ts';
import type { Json } from './hook-app.ts';

export type ListenerFrame = { readonly at: number; readonly sound: Int16Array };

/** One connection. */
export class ListenerCall {
  readonly socket: WebSocket;
  readonly headers: http.IncomingHttpHeaders;
  readonly texts = new Journal<Record<string, Json>>();
  readonly frames = new Journal<ListenerFrame>();
  readonly closes = new Journal<number>();

  #marks = 0;

  constructor(socket: WebSocket, headers: http.IncomingHttpHeaders) {
    this.socket = socket;
    this.headers = headers;
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) return this.texts.add(JSON.parse(data.toString()) as Record<string, Json>);
      const copy = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
      this.frames.add({ at: performance.now(), sound: new Int16Array(copy) });
    });
    socket.on('close', (code) => this.closes.add(code));
    socket.on('error', () => {});
  }

  /** The metadata. */
  first(): Promise<Record<string, Json>> {
    return this.texts.until(() => true, { what: 'the metadata' });
  }

  send(message: unknown): void {
    this.socket.send(Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** A round trip: all that was sent to us before it has come. */
  async caughtUp(): Promise<void> {
    const name = `mark ${++this.#marks}`;
    this.send({ type: 'mark', data: { name } });
    await this.texts.until((text) => text['data']?.name === name, { what: name });
  }

  /** All sound since a time; one channel of it. */
  sound(options: { since?: number; channel?: number; channels?: number } = {}): Int16Array {
    const { since = 0, channel = 0, channels = 1 } = options;
    const parts = this.frames.entries.filter((frame) => frame.at >= since).map((frame) => frame.sound);
    const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return channels === 1 ? all : all.filter((_, i) => i % channels === channel);
  }

  /** Resolves when 200 ms of sound are all at once as wanted: on a loaded machine packets of the phones come late, and some
   * windows have gaps. One entry a channel. */
  async sounds(
    channels: readonly { loud: readonly number[]; quiet: readonly number[] }[],
    rate: number,
  ): Promise<void> {
    const length = (rate / 5) * channels.length;
    const seen: string[] = [];
    await this.frames.until(
      () => {
        const all = this.sound().subarray(-length);
        if (all.length < length) return false;
        const faults = channels.flatMap(({ loud, quiet }, channel) => {
          const own = all.filter((_, i) => i % channels.length === channel);
          const wrong = [
            ...loud.filter((hz) => levelOf(own, hz, rate) < -16),
            ...quiet.filter((hz) => levelOf(own, hz, rate) > -50),
          ];
          return wrong.map((hz) => `channel ${channel}: ${hz} Hz at ${levelOf(own, hz, rate).toFixed(0)} dB`);
        });
        seen.push(faults.join(', '));
        return faults.length === 0;
      },
      { what: 'that sound at the listener', story: () => `lately: ${seen.slice(-5).join('; ')}` },
    );
  }

  /** Resolves when a tone is the main part of 200 ms of sound that comes from now on. */
  async hears(hz: number, options: { rate: number; channel?: number; channels?: number }): Promise<void> {
    const { rate, channel = 0, channels = 1 } = options;
    const since = performance.now();
    await this.frames.until(
      () => {
        const sound = this.sound({ since, channel, channels }).subarray(-rate / 5);
        return sound.length >= rate / 5 && levelOf(sound, hz, rate) > -25;
      },
      { what: `${hz} Hz at the listener`, story: () => `${this.frames.entries.length} frames came` },
    );
  }
}

export class ListenerApp {
  readonly calls = new Journal<ListenerCall>();
  readonly #server: http.Server;
  readonly #sockets: WebSocketServer;
  #path = '';
  #paths = 0;
  #taken = 0;

  private constructor(server: http.Server) {
    this.#server = server;
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on('connection', (socket, request) => {
      if (request.url === this.#path) this.calls.add(new ListenerCall(socket, request.headers));
    });
  }

  static async start(): Promise<ListenerApp> {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ListenerApp(server);
  }

  /** A new place to listen at; connections to those before are not looked at any more. */
  url(scheme: 'http' | 'ws' = 'ws'): string {
    this.#path = `/listen/${++this.#paths}`;
    this.#taken = this.calls.entries.length;
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#path}`;
  }

  /** The next connection that no test step has taken yet. */
  next(): Promise<ListenerCall> {
    const at = this.#taken++;
    return this.calls
      .until(() => this.calls.entries.length > at, { what: 'a connection to the listener' })
      .then(() => this.calls.entries[at]!);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
