import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { FakeClock, SeededRandom, silentLog, TraceChannel } from '../../base/index.ts';
import type { SipMessage } from '../message/index.ts';
import type { Certificates } from './certificates.ts';
import { type GuardOptions, SourceGuard } from './guard.ts';
import { TransportLayer, type TransportOptions } from './layer.ts';
import { NextHops } from './resolver.ts';
import type { Listening, Source, TransportName } from './types.ts';

export type Taken = { readonly message: SipMessage; readonly source: Source };

/** A layer on real loopback sockets and a clock the test moves. Closed, and checked for leaks, when the test ends. */
export class Harness {
  readonly clock = new FakeClock();
  readonly trace = new TraceChannel();
  readonly guard: SourceGuard;
  layer!: TransportLayer;
  /** When made with certificates: not usable before. */
  readonly ready: Promise<void>;
  readonly taken: Taken[] = [];
  certificates: Certificates | undefined;
  #waiting: Array<() => void> = [];

  constructor(
    t: TestContext,
    options: Partial<TransportOptions> = {},
    guard: Partial<GuardOptions> = {},
    load?: (clock: FakeClock) => Promise<Certificates>,
  ) {
    const { clock, trace } = this;
    this.guard = new SourceGuard({ clock, log: silentLog, ...guard });
    const nextHops = new NextHops({ clock, random: new SeededRandom(1), log: silentLog });
    const begin = (certificates?: Certificates): void => {
      const own = { clock, log: silentLog, trace, guard: this.guard, nextHops, certificates };
      this.certificates = certificates;
      this.layer = new TransportLayer({ ...own, ...options });
      this.layer.onMessage = (message, source) => {
        this.taken.push({ message, source });
        for (const wake of this.#waiting.splice(0)) wake();
      };
    };
    if (load === undefined) begin();
    this.ready = load === undefined ? Promise.resolve() : load(clock).then(begin);
    t.after(async () => {
      await this.layer.close();
      this.certificates?.close();
      assert.deepEqual(clock.pending(), []);
    });
  }

  listen(transport: TransportName): Promise<Listening> {
    return this.layer.listen(`${transport}://127.0.0.1:0`);
  }

  /** Resolves with the nth message that came (from 1). */
  async got(n: number): Promise<Taken> {
    while (this.taken.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.taken[n - 1]!;
  }
}

/** A UDP peer. */
export class UdpPeer {
  readonly received: string[] = [];
  readonly #socket: UdpSocket;
  #waiting: Array<() => void> = [];

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    socket.on('message', (bytes: Buffer, _from: RemoteInfo) => {
      this.received.push(bytes.toString());
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  static async open(t: TestContext, port = 0): Promise<UdpPeer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
    t.after(() => socket.close());
    return new UdpPeer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(text: string | Uint8Array, port: number): Promise<void> {
    return new Promise((resolve) => this.#socket.send(text, port, '127.0.0.1', () => resolve()));
  }

  async got(n: number): Promise<string> {
    while (this.received.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.received[n - 1]!;
  }
}

/** A TCP peer. */
export class TcpPeer {
  text = '';
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #waiting: Array<() => void> = [];

  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString();
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    t.after(() => socket.destroy());
  }

  static async connect(t: TestContext, port: number): Promise<TcpPeer> {
    const socket = connect(port, '127.0.0.1');
    const peer = new TcpPeer(t, socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return peer;
  }

  async got(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }
}

/** Resolves when the condition holds: looked at once a turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** An OPTIONS as a peer sends it. */
export function options(
  change: { via?: string; callId?: string; body?: string; extra?: string; method?: string } = {},
): string {
  const {
    via = 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1',
    callId = 'c1',
    body = '',
    extra = '',
    method = 'OPTIONS',
  } = change;
  return [
    `${method} sip:127.0.0.1 SIP/2.0`,
    `Via: ${via}`,
    'Max-Forwards: 70',
    'From: <sip:a@127.0.0.1>;tag=1',
    'To: <sip:b@127.0.0.1>',
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    ...(extra === '' ? [] : [extra]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Counts failures to send. */
export class Faults {
  count = 0;
  #waiting: Array<() => void> = [];

  transportFailed(): void {
    this.count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async first(): Promise<void> {
    while (this.count === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
