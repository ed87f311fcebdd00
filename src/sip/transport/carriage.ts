import type { Socket } from 'node:net';
import { plainAddress } from './address.ts';
import { StreamFramer } from './framer.ts';
import type { ConnectionLimits } from './limits.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/** Whose fault the end of a connection is: `peer` when it abused it. */
export type Blame = 'nobody' | 'peer';

/** What a connection hears of its carriage. */
export interface CarriageSink {
  /** Messages can go now. */
  opened(): void;
  /** One whole message came. */
  frame(bytes: Buffer): void;
  /** The peer asks whether we are there (RFC 5626 §4.4.1); `answer` says so, by default with a CRLF. */
  ping(answer?: () => void): void;
  /** Something came, be it half a message. */
  heard(): void;
  /** It carries no more. `code`: of the TLS that could not be agreed on. */
  broke(why: string, blame: Blame, code?: string): void;
}

/** What carries the messages of one connection: a stream, or a WebSocket. */
export interface Carriage {
  readonly local: { readonly address: string; readonly port: number };
  /** What the peer showed in its handshake. */
  readonly certificate?: PeerCertificate | undefined;
  /** Bytes of a message that has begun to come. */
  readonly pending: number;
  /** Bytes that wait for the peer to read. */
  readonly backlog: number;
  attach(sink: CarriageSink): void;
  /** `done` hears of a fault, later. */
  write(bytes: Buffer, done: ((fault?: Error | null) => void) | undefined): void;
  /** Asks the peer whether it is there, where that can be asked; anything that comes is the answer. */
  readonly probe?: (() => void) | undefined;
  destroy(): void;
}

/** TCP, or TLS once its handshake is over: messages cut out of a stream by Content-Length. */
export class StreamCarriage implements Carriage {
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  readonly #opening: 'connect' | 'secureConnect' | undefined;
  readonly certificate: PeerCertificate | undefined;

  /** `opening`: the event that says messages can go, of a socket that is not that far. `certificate`: what its peer showed. */
  constructor(
    socket: Socket,
    limits: ConnectionLimits,
    more: { opening?: 'connect' | 'secureConnect'; certificate?: PeerCertificate | undefined } = {},
  ) {
    this.#socket = socket;
    this.certificate = more.certificate;
    this.#framer = new StreamFramer(limits);
    this.#opening = more.opening;
    tuneSocket(socket);
  }

  get local(): Carriage['local'] {
    return localOf(this.#socket);
  }

  get pending(): number {
    return this.#framer.pending;
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  attach(sink: CarriageSink): void {
    const socket = this.#socket;
    if (this.#opening === undefined) sink.opened();
    else socket.once(this.#opening, () => sink.opened());
    socket.on('data', (chunk: Buffer) => {
      const fault = this.#framer.push(chunk, sink);
      if (fault === undefined) sink.heard();
      else sink.broke(`bad stream: ${fault}`, 'peer');
    });
    socket.on('error', (fault: NodeJS.ErrnoException) => sink.broke(fault.message, 'nobody', fault.code));
    socket.on('close', () => sink.broke('the peer closed', 'nobody'));
  }

  write(bytes: Buffer, done: ((fault?: Error | null) => void) | undefined): void {
    this.#socket.write(bytes, done);
  }

  destroy(): void {
    this.#socket.removeAllListeners('data');
    this.#socket.destroy();
  }
}

/** A connection a peer has made whose TLS or WebSocket handshake is not over. It counts, and is timed, like any other. */
export class HandshakeCarriage implements Carriage {
  readonly #raw: Socket;
  readonly local: Carriage['local'];
  #sink: CarriageSink | undefined;
  #inner: Carriage | undefined;

  constructor(raw: Socket) {
    this.#raw = raw;
    this.local = localOf(raw);
    tuneSocket(raw);
  }

  get pending(): number {
    return this.#inner?.pending ?? 0;
  }

  get backlog(): number {
    return this.#inner?.backlog ?? 0;
  }

  attach(sink: CarriageSink): void {
    this.#sink = sink;
    this.#raw.on('error', (fault) => sink.broke(fault.message, 'nobody'));
    this.#raw.on('close', () => sink.broke('the peer closed', 'nobody'));
  }

  get certificate(): PeerCertificate | undefined {
    return this.#inner?.certificate;
  }

  /** The handshake is over. */
  established(inner: Carriage): void {
    if (this.#raw.destroyed || this.#sink === undefined) return inner.destroy();
    this.#inner = inner;
    inner.attach(this.#sink);
  }

  failed(why: string, code?: string): void {
    this.#sink?.broke(why, 'peer', code);
  }

  write(bytes: Buffer, done: ((fault?: Error | null) => void) | undefined): void {
    this.#inner?.write(bytes, done);
  }

  get probe(): (() => void) | undefined {
    const inner = this.#inner;
    return inner?.probe === undefined ? undefined : () => inner.probe?.();
  }

  destroy(): void {
    this.#inner?.destroy();
    this.#raw.destroy();
  }
}

export function localOf(socket: Socket): Carriage['local'] {
  return { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
}

function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
}
