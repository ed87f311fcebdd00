/** A real WebSocket server, a ring that sounds, and the streams thread between them. Holds no tests. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import { createPcmRing, type PcmFormat, PcmRingReader, PcmRingWriter, silentLog, SystemClock } from '../base/index.ts';
import type { StreamEnd, StreamFigures, StreamOptions, StreamPlace } from '../ports/index.ts';
import { Journal } from '../testing/index.ts';
import { StreamService } from './streams.ts';

export type Heard = { readonly text?: string; readonly sound?: Buffer };

/** A listener: keeps what it is sent. */
export class Listener {
  readonly heard = new Journal<Heard>();
  readonly sockets = new Journal<WebSocket>();
  readonly requests: { headers: Record<string, string | string[] | undefined>; protocol: string }[] = [];
  readonly server: WebSocketServer;
  closes = new Journal<number>();

  private constructor(server: WebSocketServer) {
    this.server = server;
    server.on('connection', (socket, request) => {
      this.requests.push({ headers: request.headers, protocol: socket.protocol });
      socket.on('message', (data, binary) =>
        this.heard.add(binary ? { sound: data as Buffer } : { text: (data as Buffer).toString() }),
      );
      socket.on('close', (code) => this.closes.add(code));
      socket.on('error', () => {});
      this.sockets.add(socket);
    });
  }

  static async start(options: ServerOptions = {}): Promise<Listener> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    await once(server, 'listening');
    return new Listener(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get place(): StreamPlace {
    return placeOf(this.port);
  }

  texts(): Record<string, unknown>[] {
    return this.heard.entries.flatMap((each) => (each.text === undefined ? [] : [JSON.parse(each.text)]));
  }

  /** All sound so far. */
  sound(): Int16Array {
    const all = Buffer.concat(this.heard.entries.flatMap((each) => each.sound ?? []));
    return new Int16Array(all.buffer.slice(all.byteOffset, all.byteOffset + all.length));
  }

  /** The next text frame that is so. */
  said(match: (text: Record<string, unknown>) => boolean, what: string): Promise<Heard> {
    return this.heard.until((each) => each.text !== undefined && match(JSON.parse(each.text)), { what });
  }

  /** Resolves once so many bytes of sound came. */
  bytes(count: number): Promise<Heard> {
    return this.heard.until(() => this.sound().byteLength >= count, { what: `${count} bytes of sound` });
  }

  async socket(at = 0): Promise<WebSocket> {
    await this.sockets.until(() => this.sockets.entries.length > at, { what: `connection ${at}` });
    return this.sockets.entries[at]!;
  }

  async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function placeOf(port: number, more: Partial<StreamPlace> = {}): StreamPlace {
  return {
    url: `ws://listener.test:${port}/sound`,
    addresses: [{ address: '127.0.0.1', family: 4 }],
    authorization: undefined,
    ...more,
  };
}

/** A ring that sounds in real time: `hz` for each channel. */
export class Source {
  readonly memory: SharedArrayBuffer;
  readonly #writer: PcmRingWriter;
  readonly #hz: readonly number[];
  #n = 0;
  #timer: NodeJS.Timeout | undefined;
  #begun = performance.now();

  constructor(format: PcmFormat, hz: readonly number[], seconds = 2) {
    this.memory = createPcmRing(format, seconds);
    this.#writer = new PcmRingWriter(this.memory);
    this.#hz = hz;
  }

  /** Writes what is due, every 20 ms, from now on. */
  start(): this {
    this.#begun = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#begun) * this.#writer.rate) / 1000) - this.#n;
      if (due > 0) this.write(Math.min(due, this.#writer.capacity));
    }, 20);
    return this;
  }

  write(frames: number): void {
    const { rate, channels } = this.#writer;
    const samples = new Int16Array(frames * channels);
    for (let i = 0; i < frames; i++, this.#n++)
      for (let c = 0; c < channels; c++)
        samples[i * channels + c] = Math.round(8000 * Math.sin((2 * Math.PI * (this.#hz[c] ?? 0) * this.#n) / rate));
    this.#writer.write(samples);
  }

  /** Seconds written. */
  get seconds(): number {
    return this.#n / this.#writer.rate;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#writer.close();
  }
}

export type Told =
  | { readonly event: 'connected'; readonly connection: number }
  | { readonly event: 'interrupted'; readonly why: string; readonly retryMs: number }
  | { readonly event: 'dropping'; readonly droppedMs: number }
  | { readonly event: 'refused'; readonly why: string }
  | { readonly event: 'feed'; readonly rate: number }
  | { readonly event: 'ended'; readonly end: StreamEnd; readonly why: string; readonly figures: StreamFigures };

/** The thread, and what it tells of one stream. */
export class Studio {
  readonly service = new StreamService({ clock: new SystemClock(), log: silentLog });
  readonly told = new Journal<Told & { stream: string }>();
  /** What came back, by rate. */
  readonly feeds = new Map<number, PcmRingReader>();
  #streams = 0;

  constructor() {
    const { events } = this.service;
    events.on('connected', (stream, connection) => this.told.add({ stream, event: 'connected', connection }));
    events.on('interrupted', (stream, why, retryMs) => this.told.add({ stream, event: 'interrupted', why, retryMs }));
    events.on('dropping', (stream, droppedMs) => this.told.add({ stream, event: 'dropping', droppedMs }));
    events.on('refused', (stream, why) => this.told.add({ stream, event: 'refused', why }));
    events.on('ended', (stream, end, why, figures) => this.told.add({ stream, event: 'ended', end, why, figures }));
    events.on('feedWanted', (stream, rate) => {
      const memory = createPcmRing({ rate, channels: 1 }, 10);
      this.feeds.set(rate, new PcmRingReader(memory));
      this.service.feed(stream, rate, memory);
      this.told.add({ stream, event: 'feed', rate });
    });
  }

  open(options: Partial<StreamOptions> & Pick<StreamOptions, 'place' | 'tap'>): string {
    const stream = `s${++this.#streams}`;
    this.service.open(stream, { hello: '{"callSid":"c1"}', back: 'json', ...options });
    return stream;
  }

  async ended(stream: string, within?: number): Promise<Extract<Told, { event: 'ended' }>> {
    const told = await this.told.until((each) => each.stream === stream && each.event === 'ended', {
      what: `the end of ${stream}`,
      story: () => JSON.stringify(this.told.entries),
      ...(within === undefined ? {} : { within }),
    });
    return told as Extract<Told, { event: 'ended' }>;
  }

  event<E extends Told['event']>(event: E, match: (told: Extract<Told, { event: E }>) => boolean = () => true) {
    return this.told.until((each) => each.event === event && match(each as unknown as Extract<Told, { event: E }>), {
      what: `the event ${event}`,
      story: () => JSON.stringify(this.told.entries),
      within: 15_000,
    }) as Promise<unknown> as Promise<Extract<Told, { event: E }>>;
  }
}

/** Sound that came back so far; waits until there is so much of it. */
export async function hearBack(studio: Studio, rate: number, frames: number): Promise<Int16Array> {
  const all = new Int16Array(frames);
  let got = 0;
  for (const end = performance.now() + 10_000; got < frames && performance.now() < end;) {
    got += studio.feeds.get(rate)?.read(all.subarray(got)) ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return all.subarray(0, got);
}
